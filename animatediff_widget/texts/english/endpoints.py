"""The request's fields, endpoints and their keys, and what is exchanged with them, in English."""

from __future__ import annotations

__all__ = ["ENDPOINTS"]

ENDPOINTS = {
    # The request's fields.
    "must_be": "{name} must be {wanted}, not {value}",
    "must_not_be_blank": "{name} must not be blank",
    "must_not_hold": "{name} must not hold {key}, which the request has already",
    "value_kept": "{problem}; the value before it is kept.",
    "value_refused": "{problem}.",
    "no_such_field": "AnimateDiffRequest has no field {name}; it has {names}.",
    "a_string": "a string",
    "a_integer": "a whole number",
    "a_count": "a whole number, 0 or more",
    "a_device": "a device as torch names it, such as cuda, cuda:1, mps or cpu",
    "a_choice": "one of {choices}",
    "a_kind": "of class {kind}",
    "a_path": "the name of a file or folder",
    "a_seconds": "a number of seconds, from 0 to 2147483647 or math.inf",
    "a_number": "a number",
    "a_boolean": "true or false",
    "a_object": "a JSON object",
    "a_sound_text": "text without broken characters (lone surrogates)",
    "a_integer_between": "a whole number from {low} to {high}",
    "a_integer_between_or_none": "a whole number from {low} to {high} or None",
    "an_array": "an array of finite numbers from {low} to {high}, shape {shape}",
    "a_length": "of a length from {low} to {high}",
    "a_trajectory": "a list of steps, as trajectory() gives it",
    "a_number_between": "a number from {low} to {high}",
    "a_integer_from": "a whole number, {low} or more",
    "a_integer_to": "a whole number, {high} or less",
    "a_number_from": "a number, {low} or more",
    "a_number_to": "a number, {high} or less",
    "input_required": "The model needs {name}, which is not given.",
    "a_version": "64 hexadecimal digits (0-9, a-f), owner/name:id or owner/name",
    "a_json": "JSON (text, finite numbers, true, false, null, lists and objects)",
    "a_json_with_text_keys": "JSON, whose keys are text",
    "a_flatter_json": "JSON of at most 100 levels",
    "a_sound_json": "JSON without broken characters (lone surrogates)",
    # What engines take besides.
    "label_output_format": "File format",
    "help_output_format": "WebP has all colors, GIF 256 at the most; mp4 is a video, and smaller.",
    # Endpoints and their keys.
    "name_builtin": "Pocket model (drawn world, offline)",
    "name_gpu": "This computer's GPU",
    "name_replicate": "Replicate",
    "name_dask": "Dask cluster {host}",
    "name_cog": "Container {host}",
    "name_relay": "Relay {host}",
    "no_input": "{who} does not say what this job was made of, so it cannot be followed from here.",
    "no_such_place": "There is no place {kind} to run in this version; there are {kinds}.",
    "takes_no_url": "There is one {kind} only: name it without an address.",
    "can_be_used": "can be used",
    "not_a_base_url": "{url} is not a base url. Give one like https://relay.example",
    "not_a_request": "The request must be an AnimateDiffRequest, such as AnimateDiffRequest(prompt=...). A key is "
    "given as token=.",
    "not_an_endpoint": "The endpoint must be one such as Endpoint.replicate() or Endpoint.relay(base_url). A key is "
    "given as token=.",
    "key_not_a_field": "A key is no field of a request ({names}). Give it as token= to animate, Client or "
    "AnimateDiffPanel, or set it in the environment.",
    "key_as_base_url": "That may be a key, and is no base url. Give one like https://relay.example, and a key as "
    "token= or in the key field.",
    "key_in_field": "That may be a key. It was taken out of this field, so that it is not saved with the notebook. A "
    "key belongs in the key field, as token=, or in the environment.",
    "key_in_base_url": "A base url must not hold a user name or key: give the key in its own field.",
    "not_a_key": "That is not a key: it is empty, or holds spaces or characters outside ASCII. Copy it again, whole.",
    "variable_not_a_key": "{name} holds no key: spaces or characters outside ASCII stand in it. Set it again, or "
    "paste the key into the panel.",
    "key_of_another_relay": "The key in {name} was used at {used_at}, so it is not sent to {here}. Give the key for "
    "{here} as token=, in the panel's key field, or in the environment as {own}.",
    "key_of_unknown_relay": "It is not known whether the key in {name} is the one for {here}, where this job was "
    "posted, so it is not sent. Give the key for {here} as token=, in the panel's key field, or in the environment as "
    "{own}.",
    "key_not_encrypted": "{url} is not encrypted, so everyone on the way could read the key. Use its https address; "
    "Client(..., allow_plain_http=True) sends it all the same.",
    "secret_not_granted": "{name} is one of your Colab secrets, but this notebook may not read it. Turn its notebook "
    "access on under Secrets (the key in the left margin) and restart the session, or paste the key into the panel.",
    "secret_not_answered": "Colab's page did not answer when it was asked for the secret {name}. Restart the session "
    "to have it asked again, or paste the key into the panel.",
    "keyring_missing": "Keys are saved in the system's keyring by the package keyring, which is not installed: "
    'pip install "animatediff-widget[keyring]"',
    "keyring_failed": "The system's keyring did not do it ({why}). Set the key in the environment instead.",
    "keyring_list_unwritten": "The list of endpoints whose keys the keyring has could not be written to {path}: {why}.",
    # An exchange with an endpoint.
    "to_create": "create the job",
    "to_get": "tell how the job stands",
    "to_cancel": "cancel the job",
    "to_list": "list the jobs",
    "to_download": "fetch the animation",
    "refused": "{who} did not {what} ({details}). {advice}",
    "status_and_words": "{status}: {words}",
    "it_sent": "it sent {problem}",
    "advice_400": "Check the fields and the version.",
    "advice_401": "Check the key: type it again, or set it in the environment.",
    "advice_402": "The account has no credit left; top it up, then run again.",
    "advice_403": "The key is not allowed to do this; check its account and permissions.",
    "advice_404": "Check the base url and the version; or what was asked for is gone.",
    "advice_409": "The endpoint is busy with another job; run again when it is done.",
    "advice_413": "The request is too large; shorten it.",
    "advice_422": "Correct the fields and run again.",
    "advice_429": "Too many requests; wait and try again.",
    "advice_passing": "That may pass; try again in a moment.",
    "redirected": "{who} redirected to {target}; redirects are not followed. If you trust that address, use it as base "
    "url.",
    "nowhere": "nowhere",
    "unreadable": "{who} was asked to {what} and sent {problem}. Check the base url; if it is right, try again later.",
    "an_empty_body": "an empty body",
    "a_web_page": "a web page instead of JSON",
    "broken_json": "broken or cut-off JSON",
    "too_deep_json": "JSON that is nested too deeply",
    "other_json": "JSON that is not an object ({kind})",
    "no_prediction": "{who} was asked how the job stands and sent JSON that is no prediction.",
    "no_results": "{who} sent a list of jobs without results; it may not keep one.",
    "not_an_id": "{id} is not the id of a job.",
    "unknown_encoding": "{host} sent an answer that is packed in a way nobody asked for ({encoding}).",
    "not_decompressed": "{host} sent an answer that cannot be unpacked.",
    "answer_too_large": "{host} sent more than {size} MiB; the rest was not read.",
    "broke_off": "{host} broke off in the middle of its answer.",
    "took_too_long": "{host} took longer than {within} s to {what}.",
    "did_not_answer": "{host} was asked to {what} and did not answer in time.",
    "connection_broke": "The connection to {host} broke while it was asked to {what}.",
    "not_certified": "{host} could not prove who it is (TLS certificate). Nothing was sent.",
    "not_an_address": "{host} is not an address that can be asked.",
    "not_reached": "{host} could not be reached: {why}. Check the base url and the network; nothing was sent.",
    "why_no_name": "no such name was found",
    "why_not_encrypted": "no encrypted connection came about",
    "why_nobody": "nobody answers there",
    "why_late": "it took too long",
    "why_no_connection": "no connection came about",
    "private_network": "The output is at {host}, inside a private network; nothing is fetched from there.",
}
