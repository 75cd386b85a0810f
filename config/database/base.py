"""Django's PostgreSQL, in a role: what serves pages and grades has no right on the gated tables (config/wall.py)."""

import logging
from typing import Any

from django.db.backends.postgresql import base

logger = logging.getLogger("assay.wall")


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts each connection in the role of `ROLE`, and without one where the server knows no such role."""

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.first_role:
            # In the options, not by SET: RESET ROLE, and DISCARD ALL of a pool, come back to this.
            params["options"] = f"{params.get('options', '')} {self.role_option}".strip()
        return params

    @property
    def first_role(self) -> str:
        from config.wall import role_name

        kind = self.settings_dict.get("ROLE")
        return role_name(str(kind), self.settings_dict["NAME"]) if kind and self.settings_dict["NAME"] else ""

    @property
    def role_option(self) -> str:
        escaped = self.first_role.replace("\\", "\\\\").replace(" ", "\\ ")
        return f"-c role={escaped}"

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            if not self.first_role or f'"{self.first_role}"' not in str(error):
                raise
            say_once(self.first_role, str(error).strip().rpartition("FATAL:")[2].strip())
            options = conn_params["options"].replace(self.role_option, "").strip()
            return super().get_new_connection({**conn_params, "options": options})

    def close_if_unusable_or_obsolete(self) -> None:
        # A page to be kept is made inside one transaction, which the beginning of Django's request would break off.
        if not self.in_atomic_block:
            super().close_if_unusable_or_obsolete()


_said: set[str] = set()


def say_once(role: str, reason: str) -> None:
    """Connections come by the minute. The role is tried each time, for a migration may have made it meanwhile."""
    if role not in _said:
        _said.add(role)
        logger.warning("No second wall: this process works without the role %s (%s)", role, reason)
