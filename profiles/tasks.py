"""Celery's door into what is made of figures."""

from celery import shared_task

from config.aside import aside
from profiles import figures


@shared_task(name="profiles.tasks.render_figure", time_limit=240, soft_time_limit=230)
@aside
def render_figure(figure_id: int) -> None:
    figures.render(figure_id=figure_id)
