"""The chain of a run's tasks, from its audit to its verdict: what all DAGs that post have alike."""

from collections.abc import Mapping
from typing import Any

from trueup.orchestration import tasks
from trueup.orchestration.approval import approve
from trueup.orchestration.lineage import books_of


def chain(
    system: str,
    catches_up: bool = False,
    backs_up: bool = False,
    cuts_over: bool = False,
    documents: bool = False,
    synchronises: bool = False,
    titles: Mapping[str, str] | None = None,
) -> None:
    """Audit, ingest, validate; preview, or approve and post; prove, or take back; report.

    backs_up: a backup is taken and tried out before anything is written
    cuts_over: those who use the books are switched to the new schema once it is proved
    catches_up: what came into the source meanwhile is posted before the balances are checked
    documents: corrections are written into the audit log before the run is closed
    synchronises: our own entries are delivered to the other ledger, and both are compared
    titles: what tasks are called in the UI, by their ids, where a DAG has words of its own
    """

    def titled(task: Any) -> Any:
        title = (titles or {}).get(task.function.__name__)
        return task.override(task_display_name=title) if title else task

    audited = titled(tasks.audit)(system)
    ingested = titled(tasks.ingest)(system)
    judged = titled(tasks.validate)(system)
    choice = tasks.gate(system, posting="back_up" if backs_up else "open_posting")
    approval = approve(system)
    previewed = tasks.preview(system)
    ranges = tasks.open_posting(system)
    # What is mapped does not take its help from its docstring.
    mapped = titled(tasks.post.override(doc_md=tasks.post.function.__doc__))
    posted = mapped.partial(system=system).expand(range_no=ranges)
    if catches_up:
        posted = titled(tasks.catch_up)(system, posted)
    checked = titled(tasks.check_balances)(system, posted)
    constrained = titled(tasks.constrain)(system)
    expected = titled(tasks.expect)(system)
    reconciled = titled(tasks.reconcile)(system)
    last = "document" if documents else "cut_over" if cuts_over else "reconcile"
    ended = tasks.outcome(system, last=last)
    completed = tasks.complete.override(outlets=[books_of(system)])(system)
    rolled_back = tasks.roll_back(system)
    reported = tasks.report(system)

    first = titled(tasks.back_up)(system) if backs_up else ranges
    audited >> ingested >> judged >> choice >> [previewed, approval, first]
    approval >> first
    if backs_up:
        first >> ranges
    checked >> constrained >> expected
    if synchronises:
        expected >> titled(tasks.deliver)(system) >> titled(tasks.compare)(system) >> reconciled
    else:
        expected >> reconciled
    proved = reconciled
    if documents:
        proved = reconciled >> titled(tasks.document)(system)
    elif cuts_over:
        proved = reconciled >> titled(tasks.cut_over)(system)
    [previewed, proved] >> ended >> [completed, rolled_back] >> reported
    reported >> tasks.verdict(system)
