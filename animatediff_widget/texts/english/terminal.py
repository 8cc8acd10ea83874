"""The journal, the package and the terminal, and what is drawn for teaching, in English."""

from __future__ import annotations

__all__ = ["TERMINAL"]

TERMINAL = {
    # The journal.
    "journal_unusable": "The journal in {folder} cannot be used ({why}). Make room there or make the folder writable, "
    "or set ANIMATEDIFF_WIDGET_HOME to one that is.",
    "journal_newer": "The journal in {folder} was written by a newer version of animatediff-widget and is left as it "
    "is. Install that version here too, or point ANIMATEDIFF_WIDGET_HOME to another folder.",
    "journal_set_aside": "The journal was damaged. It is kept, whole, as {file}, and a new one was begun. This brings "
    'back what can be read of it: animatediff-widget jobs --salvage "{file}"',
    "salvaged": "{found} jobs could be read in the damaged journal. {added} of them were not in the journal yet; they "
    "are now. The damaged file is kept as {file}.",
    "nothing_salvaged": "No job can be read in the damaged journal. It is kept as {file}.",
    "not_salvaged": "{file} cannot be read as a damaged journal ({why}). It is left as it is.",
    "body_damaged": "The journal's record of this job is damaged: what was asked for cannot be read.",
    "not_a_journal_key": "{key} is not a key of the journal.",
    "journal_busy": "Another process holds the journal in {folder} ({why}). Try again in a moment.",
    # The package and the terminal.
    "no_texts": "There are no texts in {language}; choose one of {languages}.",
    "server_missing": "The built-in server needs {names}, which cannot be found here: "
    'pip install "animatediff-widget[local]"',
    "lab_missing": 'JupyterLab is not installed here: pip install "animatediff-widget[lab]"',
    "lab_as_root": "JupyterLab does not start as root unless it is told to: animatediff-widget lab --allow-root",
    "notebook_unwritten": "{path} cannot be written ({why}); choose another --folder.",
    "interrupted": "Interrupted. {error}",
    "nothing_sent": "Nothing was sent.",
    "not_an_engine": "--engine must be pocket, gpu, or gpu=DEVICE such as gpu=cuda:1, not {engine}.",
    "not_a_port": "--port must be a number from 0 to 65535, not {port}.",
    "not_a_token": "token must be printable ASCII without spaces around it.",
    "not_a_cluster": "{value} is no running Dask cluster. Give its Client, or its scheduler's address, such as "
    "tcp://10.0.0.1:8786.",
    "no_such_engine": "The workers of a cluster draw with one of {engines}, not with {engine}.",
    "not_resources": 'resources must be names and amounts above 0, such as {{"GPU": 1}}, not {value}.',
    "gpu_not_found": "No GPU was found on this computer that torch could use: NVIDIA's or AMD's with its driver, or "
    "an Apple M chip. Choose another place, or use another computer's: animatediff-widget serve --engine gpu",
    "gpu_not_in_colab": "This Colab runtime has no GPU. Choose Runtime > Change runtime type > T4 GPU, and run the "
    "cells again from the first.",
    "gpu_needs": 'The GPU needs {names}, which cannot be found here: pip install "animatediff-widget[gpu]"',
    "torch_without_gpu": "The torch that is installed here ({version}) is made for the CPU alone. Install one for your "
    "GPU, as https://pytorch.org/get-started says.",
    "cog_busy": "{who} draws another job. This one has not been sent and waits its turn.",
    "cog_starting": "{who} is loading its model. The job has not been sent and waits for it.",
    "cog_broken": "{who} cannot draw: {why}. Nothing was sent. Look into its log and start it again.",
    "cog_lost": "{who} has ended this job, but its answer was lost on the way ({why}), and it keeps nothing. Run it "
    "again.",
    "cog_forgotten": "{who} does not know this job: it was started again meanwhile, or the connection broke, which "
    "cancels a job there. Run it again.",
    "dask_missing": 'A Dask cluster needs {names}, which cannot be found here: pip install "animatediff-widget[dask]"',
    "cluster_silent": "No Dask scheduler answers at {address}: {why}. Nothing was sent. Start it, or choose another "
    "cluster.",
    "cluster_gone": "The connection to the Dask scheduler at {address} is lost. What was not finished can be taken "
    "up again, there or on another cluster.",
    "cluster_without": "animatediff-widget {ours} is missing on workers of the Dask cluster at {address} "
    "({workers}). Nothing was sent. Install it there.",
    "cluster_versions": "animatediff-widget is {ours} here, and another version on workers of the Dask cluster at "
    "{address} ({workers}). Nothing was sent. Install the same version in both places.",
    "not_positive": "{names} must be above 0.",
    "not_an_address_here": "{host} is no address that this machine can listen at: {why}. Give one of its own, "
    "or 0.0.0.0 for all of them.",
    "key_short": "The key in {file} has fewer than {least} characters, and other machines could guess it. "
    "Remove the file, so that a long one is made, or put one into it.",
    "key_file_unread": "The key cannot be read from {file}, nor be made there: {why}.",
    "key_file_wrong": "What is in {file} is no key: a key is one line of printable ASCII.",
    "key_file_empty": "There is no key in {file}. Remove the file, so that one is made, or put one into it.",
    "key_file_open": "Others on this machine can read the key: chmod 600 {file}",
    "certificate_missing": "--tls-key is the key of a certificate: give that too, as --tls-cert.",
    "certificate_unread": "The certificate and its key cannot be used ({files}: {why}). They must be PEM, "
    "belong together, and have no passphrase.",
    "serve_beyond": "Other machines can ask here, at {url} or by another name or address of this machine. All who have "
    "the key run jobs here, and see and cancel each other's.",
    "serve_in_the_clear": "Nothing is encrypted: who can listen on the network would read the key, the prompts and the "
    "animations. So the lines below go through ssh. Give --tls-cert and --tls-key to do without it. Only "
    "Client(..., allow_plain_http=True) sends a key as it stands.",
    "serve_key_in": "in {file}",
    "serve_key_there": "There the key is pasted into the panel's key field, or set as ANIMATEDIFF_API_KEY.",
    "port_taken": "Port {port} cannot be used: {why}. Choose another.",
    "engine_not_copied": "The engine {engine} cannot be used in other processes: these take one that can be pickled, "
    "from a module that can be imported. Nothing was started. Pass workers=1, or move its class into a module.",
    "no_port": "The built-in server cannot listen on this machine: {why}.",
    "no_job": "No job yet.",
    "no_unfinished_job": "No unfinished job.",
    "resume_stopped": "The jobs were left as they are: they go on at their endpoints, and resume takes them up again.",
    "nothing_to_resume": "There is nothing to resume.",
    "names_no_sweep": "{key} names no sweep in the journal; see: animatediff-widget jobs",
    "names_no_job": "{key} names no job in the journal; see: animatediff-widget jobs",
    "id_without_key": "--id is the id of one job: give that job's key too, and no other.",
    "names_many_jobs": "{key} names more than one job in the journal; see: animatediff-widget jobs",
    "not_a_setting": "{text} is not NAME=VALUE, such as output_format=gif",
    "no_such_input": "The model has no input {name}; it has {names}.",
    "not_a_count": "{text} is not a whole number above 0",
    "argument_no_text": "it cannot be read as text",
    "not_printed": "What there is to print cannot be written: {why}.",
    "damaged": "(damaged record)",
    # What is drawn for teaching.
    "timestep": "timestep",
    "signal": "signal",
    "noise": "noise",
    "with_prompt": "with the prompt",
    "without_prompt": "without it",
    "guided": "guided",
    "amount_of_light": "light",
    "amount_of_colour": "colour",
    "amount_of_tone": "tone",
    "amount_of_shape": "shape",
    "amount_of_detail": "detail",
    "amount_unwanted": "what is not wanted",
    "picture_of_plane": "Points on a plane",
    "picture_of_frames": "Frames in rows of {count}: {rows}",
    "picture_of_noise": "The shares of signal and noise over the timesteps",
    "picture_of_weights": "The weights of the components over the steps",
    "picture_of_amounts": "Over the steps, how much is in the guesses of: {names}",
    "teaching_missing": "The module for teaching needs {names}, which cannot be found here: "
    'pip install "animatediff-widget[local]"',
}
