"""Animations, jobs and sweeps, in English."""

from __future__ import annotations

__all__ = ["JOBS"]

JOBS = {
    # The animation's file.
    "gone": "The animation is gone: endpoints delete outputs after about an hour.",
    "not_fetched": "The animation could not be fetched: {why}",
    "not_fetched_circles": "The animation could not be fetched: its address redirects in circles.",
    "not_fetched_status": "The animation could not be fetched: {host} answered {status}.",
    "not_fetched_kind": "The animation could not be fetched: {host} sent {kind} instead.",
    "not_fetched_empty": "The animation could not be fetched: the endpoint sent an empty file.",
    "output_elsewhere": "The output is at {url}, which is neither https nor the endpoint's own address.",
    "output_not_allowed": "The output is at {origin}, which is neither https nor the endpoint's own address. If you "
    "trust it, set {variable}={origin} in the environment and resume the job.",
    "output_too_large": "The endpoint sent more than {size} MiB; it was not read.",
    "data_uri_broken": "The endpoint sent the animation as a data URI that cannot be decoded.",
    "not_stored": "The animation could not be written to {path}: {why}. It stays at the endpoint for an hour; make "
    "room or choose another folder, then resume the job.",
    "not_read_again": "The animation in {folder} could not be read again: {why}.",
    "not_decoded": "The animation cannot be decoded: {why}.",
    "too_many_pixels": "The animation is kept, but not decoded: its frames of {width} x {height} pixels take more than "
    "the {limit} MiB of memory that are given to it. Save it as {formats}, and open that with another program.",
    "video_not_decoded": "The video cannot be decoded: {why}",
    "video_not_encoded": "The animation cannot be made into a video: {why}",
    "no_such_format": "An animation cannot be saved as .{suffix}; use {formats}.",
    "not_written": "{path} could not be written: {why}. Choose another place.",
    "pillow_missing": 'Decoding an animation needs Pillow: pip install "animatediff-widget[local]"',
    "ffmpeg_missing": 'Reading and writing mp4 needs ffmpeg: pip install "animatediff-widget[video]"',
    "no_media": "The endpoint sent {size} bytes that are no image or video.",
    "lies_at": "It lies at {path}.",
    "kept_out": "(Media are kept out of this notebook.)",
    # A job.
    "no_id": "Accepted; the endpoint returned no id, so there is nothing to follow.",
    "cut_short": "{who} did not answer in time.",
    "cancel_unconfirmed": "The endpoint did not confirm the cancellation in time. The job may still be running there; "
    "it stays in the journal: resume it, and cancel it again.",
    "canceled_fetching": "Canceled while its animation was fetched. The endpoint keeps it for about an hour: resume "
    "the job to fetch it.",
    "canceled_unsent": "The job was canceled before it was sent.",
    "canceled_untaken": "The job was canceled before the endpoint took it.",
    "canceled": "The job was canceled.",
    "cannot_cancel": "It cannot be canceled: {error}",
    "gave_up": "The endpoint gave the job up: its deadline passed before it started.",
    "model_failed": "The model failed: {why}",
    "no_reason": "it gave no reason",
    "no_output": "The model finished without an output; its log may tell why.",
    "looking": "{error} Looking whether the job was created all the same.",
    "perhaps_created": "{error} The job may have been created all the same, and was not found in a list at the "
    "endpoint. Look there before you run it again, so that you do not pay twice.",
    "looking_unnamed": "Accepted; the endpoint returned no id. Looking for the job in the endpoint's list.",
    "unnamed": "The endpoint accepted the job and returned no id.",
    "perhaps_one_of": "{error} The endpoint's list has what may be this job: {jobs}. Say which one is yours: "
    "animatediff-widget resume KEY --id ID. If none is, look there again before you run it again.",
    "of_another_request": "{id} was made from other settings than this job, so it is not this one.",
    "of_another_job": "{id} is another job of the journal already.",
    "has_an_id": "This job is known at the endpoint as {id}; it cannot be another one.",
    "cancel_adopted": "This job was found in the endpoint's list; it may be another person's with the same settings. "
    "Cancel once more, and it is canceled.",
    "was_run": "This job was run already, by another process; see the journal. Make another Job to run it again.",
    "client_not_copied": "A client holds a key and connections, so it is not pickled or copied; make another one.",
    "key_not_copied": "A key is not pickled or copied; find it anew where it is needed.",
    "job_not_copied": "A job runs once, so it is not copied or pickled; make another with Job(job.body, job.client).",
    "asking_again": "{error} Asking again in {seconds} s.",
    "timed_out": "The job has not ended within {seconds} s. It may still be running; it stays in the journal.",
    "not_yet": "The job has not ended within {seconds} s; it goes on in the background.",
    "not_ended": "The job has not ended.",
    "in_a_fork": "The job runs in the process that this one was forked from. Ask there; in the journal it is {key}.",
    "runs_elsewhere": "Another notebook or process runs this job; see there.",
    "unforeseen": "Something unforeseen happened ({error}); the job is in the journal.",
    # A job of an earlier session.
    "cut_off": "The session that sent this job ended before the answer came.",
    "record_damaged": "The journal's record of this job is damaged and names no id, so it cannot be looked for.",
    "never_created": "The job was never created.",
    "not_known_there": "{who} does not know this job ({status}). The key may be another account's: it stays in "
    "the journal, to be resumed with its own.",
    "no_longer_known": "{who} no longer knows this job ({status}): endpoints delete what was made after about an hour. "
    "Run it again for a new animation.",
    # A sweep.
    "no_axes": "A sweep needs a list of values for at least one field, such as steps=[1, 4, 25].",
    "no_such_axis": "{name} is no field that a sweep can vary; there are {names}. A further one is put into the "
    "request's extra_input first.",
    "empty_axis": "{name} has no value; give at least one.",
    "twice_in_axis": "{name} has {value} twice; each value is run once.",
    "too_many_cells": "That is {count} jobs; one sweep has {most} at the most.",
    "a_value": "a value in each cell",
    "a_list": "a list of values, such as [1, 4, 25]",
    "a_list_or_count": "a list of seeds or a number of seeds above 0",
    "axis_not_numbers": "{name}: {part} is no number, and no row of numbers such as 1, 5, .., 25 or 1-10 (+3) or "
    "1-10 [4].",
    "axis_never_arrives": "{name}: {part} never arrives; its step must lead from the first number to the last.",
    "axis_dots": "{name}: “..” stands between two numbers, and the step before it must lead to the one after it, as in "
    "1, 5, .., 25.",
    "no_such_cell": "There is no cell {number}; they are numbered from 0 to {last}.",
    "names_no_cell": "No cell has {settings}; the axes are {axes}.",
    "names_many_cells": "More than one cell has {settings}; give a value for each of {axes}.",
    "no_such_sweep": "The journal has no sweep {key}.",
    "sweep_left": "{done} of {total} cells have ended. This goes on with the rest: animatediff-widget resume {key}",
    "no_such_sheet": "A sheet cannot be saved as “{suffix}”; use {formats}.",
    "sweep_runs_elsewhere": "Another notebook or process runs this sweep; see there.",
    "a_budget": "a number of jobs, or a time such as 90s, 5 min or 2h",
    "plan": "Jobs to post: {count}, at {who}, {at_once} at once: {time}. {cost}",
    "plan_time": "about {time}",
    "plan_no_time": "how long it takes is not known",
    "plan_costs": "Each may cost money.",
    "plan_free": "They cost nothing.",
    "not_confirmed": "{plan} Nothing was posted. Run it with confirm=True, on the command line with --yes, if that is "
    "what you want.",
    "sweep_waits": "{error} Nothing new is sent; it goes on by itself in {time}.",
    "sweep_tries": "{error} Nothing new is sent until one job is taken.",
    "sent_again": "This job was never created; its sweep sends it again, as another job.",
    "settling": "Jobs whose answer was lost: {count}. In {time} it is certain whether they were created; those that "
    "were not are sent again.",
    "budget_reached": "The budget is used up; cells that were not begun: {count}.",
    "cells_done": "{done} of {total} done",
    "cells_failed": "{count} failed",
    "cells_canceled": "{count} canceled",
    "cells_running": "{count} running",
}
