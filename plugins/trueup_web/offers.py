"""What can be done about a run where it stands: what the engine would not refuse at once.

It may still refuse in words, for what only it can see: an entry that was delivered, a backup that
is gone, another run that holds the books.
"""

from typing import Any

from trueup_web.systems import SYSTEMS

DELETE, REVERSE, RESTORE = "delete", "reverse", "restore"

_RESUMABLE = ("paused", "interrupted")
_TAKEN_BACK_FROM = ("completed", *_RESUMABLE, "rollback_failed")


def of_run(run: dict[str, Any], figures: dict[str, Any]) -> dict[str, list[str]]:
    """Action → the modes that it has, for pause, resume, replay and roll_back; `figures` are those
    of the run's stages."""
    status, system = run["status"], SYSTEMS[run["system"]]
    offers: dict[str, list[str]] = {}
    if status == "posting":
        offers["pause"] = []
    if status in _RESUMABLE:
        offers["resume"] = []
    if status == "completed" and run["total_quarantined"] and system.replays:
        offers["replay"] = []
    # Nobody works any more on what has stalled: whatever it was at, it can be taken back.
    if not run["dry_run"] and (status in _TAKEN_BACK_FROM or run["stalled"]):
        offers["roll_back"] = [
            DELETE,
            *([REVERSE] if system.reverses else []),
            *([RESTORE] if "backup" in figures else []),
        ]
    return offers
