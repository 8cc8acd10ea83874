"""The engine behind its place: a job there, as the panel runs it."""

from __future__ import annotations

import pytest
from tiny import ask, draw

from animatediff_widget import Client, Endpoint, Job
from animatediff_widget.errors import InvalidRequest
from animatediff_widget.media.formats import sniff


def test_a_job_is_drawn_on_this_computer_and_can_be_watched(shared_engine, weights):
    job = Job(ask(weights, seed=7, steps=12), Client(Endpoint.gpu("cpu")), previews=True)
    views = []
    job.observe(lambda _: views.append(job.view), "view")
    job.run()
    assert job.state == "succeeded"
    expected, _ = draw(shared_engine, ask(weights, steps=12))
    assert job.animation.data == expected.data
    assert (job.prediction.step, job.prediction.total, job.prediction.seed) == (12, 12, 7)
    pictures = {view.preview for view in views if view.preview}
    assert {sniff(picture) for picture in pictures} == {"jpg"}
    with pytest.raises(InvalidRequest, match=r"was made for steps 4 and guidance_scale 1, not 3 and 7.5"):
        Job(ask(weights, motion_module="animatediff_lightning_4step"), Client(Endpoint.gpu("cpu"))).run()
