"""What an applicant is told by mail, in the transaction of what it tells of."""

from accounts.applications.states import State, Step
from accounts.models import ApplicationEvent
from config import mailing

TOLD = {
    Step.SUBMIT: "application-received",
    Step.ASK: "application-question",
    Step.APPROVE: "application-approved",
    Step.REFUSE: "application-refused",
    Step.WITHDRAW: "application-withdrawn",
    Step.EXPIRE: "application-expired",
}


def tell(event: ApplicationEvent) -> None:
    """Mail the applicant about a step; a draft that is thrown away and a change of what waits need no mail."""
    kind = TOLD.get(Step(event.step))
    if kind is None or (event.was == State.DRAFT and event.step == Step.WITHDRAW):
        return
    applicant = event.application.applicant
    mailing.post(
        kind, to=applicant.email, user_id=applicant.pk, key=f"application:{event.pk}", about={"event": event.pk}
    )
