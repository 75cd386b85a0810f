"""The triggers that count source notes, so that everybody can be told a number and nobody has to read a note for it.

They write differences. A count taken anew would look at a snapshot that misses what another editor has not committed
yet, and would lose their note for good; a difference waits for the other's lock on the row and is added to what they left.
"""

import pgtrigger

PROFILE_OF_ITS_CITATION = pgtrigger.Trigger(
    name="profile_of_its_citation",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func="""
        NEW.profile_id = (SELECT profile_id FROM profiles_citation WHERE id = NEW.citation_id);
        RETURN NEW;""",
)

# In the order of the key, or two editors who touch the same two counts may wait for each other.
MORE = """
    INSERT INTO briefings_notecount AS c (profile_id, tier, number)
    SELECT profile_id, tier, more FROM ({moves}) AS moves WHERE more > 0 ORDER BY profile_id, tier
    ON CONFLICT (profile_id, tier) DO UPDATE SET number = c.number + excluded.number;"""
# Never an insert: when a profile is deleted its counts may go before its notes do, and must not come back.
FEWER = """
    PERFORM FROM briefings_notecount c JOIN ({moves}) AS moves USING (profile_id, tier)
    ORDER BY profile_id, tier FOR UPDATE OF c;
    UPDATE briefings_notecount c SET number = c.number + moves.more FROM ({moves}) AS moves
    WHERE moves.more < 0 AND c.profile_id = moves.profile_id AND c.tier = moves.tier;"""

CAME = "SELECT profile_id, tier, count(*) AS more FROM new_rows GROUP BY profile_id, tier"
WENT = "SELECT profile_id, tier, -count(*) AS more FROM old_rows GROUP BY profile_id, tier"
CHANGED = f"""
    SELECT profile_id, tier, sum(more) AS more FROM ({CAME} UNION ALL {WENT}) AS sides
    GROUP BY profile_id, tier HAVING sum(more) <> 0"""  # noqa: S608


def _counts(
    verb: str, operation: pgtrigger.Operation, body: str, referencing: pgtrigger.Referencing | None = None
) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"note_{verb}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        func=f"{body} RETURN NULL;",
    )


COUNTS = [
    _counts("add", pgtrigger.Insert, MORE.format(moves=CAME), pgtrigger.Referencing(new="new_rows")),
    _counts("remove", pgtrigger.Delete, FEWER.format(moves=WENT), pgtrigger.Referencing(old="old_rows")),
    _counts(
        "change",
        pgtrigger.Update,
        FEWER.format(moves=CHANGED) + MORE.format(moves=CHANGED),
        pgtrigger.Referencing(old="old_rows", new="new_rows"),
    ),
    _counts("clear", pgtrigger.Truncate, "UPDATE briefings_notecount SET number = 0 WHERE number > 0;"),
]
