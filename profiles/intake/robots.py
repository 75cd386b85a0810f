"""What a robots.txt allows, as RFC 9309 reads it: the longest rule that fits decides, and allowing wins a tie."""

from collections.abc import Iterable, Iterator

MOST_LINES = 5000
LONGEST_RULE = 500

Rule = tuple[bool, str]


def allows(robots: str, agent: str, path: str) -> bool:
    """Tell whether the agent of that name may ask for a path (with its query)."""
    fitting = [(len(rule), allowed) for allowed, rule in rules_for(robots, agent) if fits(rule, path)]
    return max(fitting)[1] if fitting else True


def rules_for(robots: str, agent: str) -> list[Rule]:
    """Return the rules of the groups that name the agent; where none does, of those for everybody."""
    named: list[Rule] = []
    everybodys: list[Rule] = []
    found = False
    for agents, rules in _groups(_lines(robots)):
        if agent.lower() in agents:
            found = True
            named += rules
        elif "*" in agents:
            everybodys += rules
    return named if found else everybodys


def _lines(robots: str) -> Iterator[tuple[str, str]]:
    for line in robots.lstrip("\ufeff").splitlines()[:MOST_LINES]:
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _groups(lines: Iterable[tuple[str, str]]) -> Iterator[tuple[set[str], list[Rule]]]:
    agents: set[str] = set()
    rules: list[Rule] = []
    names_agents = False
    for key, value in lines:
        if key == "user-agent":
            if not names_agents:
                yield agents, rules
                agents, rules = set(), []
            agents.add(value.lower().partition("/")[0])
        elif key in {"allow", "disallow"} and value:
            rules.append((key == "allow", value[:LONGEST_RULE]))
        # Anything else, a sitemap or a delay, ends no group.
        names_agents = key == "user-agent" or (names_agents and key not in {"allow", "disallow"})
    yield agents, rules


def fits(rule: str, path: str) -> bool:
    """Tell whether a path begins as the rule says; * stands for anything, $ for the end."""
    # No regular expression: a rule full of stars would keep one busy for ever.
    ends = rule.endswith("$")
    first, *parts = rule.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    place = len(first)
    last = parts.pop() if parts and ends else None
    for part in parts:
        found = path.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    if last is not None:
        return path.endswith(last) and len(path) - len(last) >= place
    return place == len(path) if ends else True
