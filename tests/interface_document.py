"""The interface document's own example of a body."""

EXAMPLE = """\
{"version": "beecf59c4aee8d81bf04f0381033dfa10dc16e845b4ae00d281e2fa377e48a9f",
 "input": {"path": "toonyou_beta3.safetensors", "seed": 255224557, "steps": 25,
           "prompt": "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower, \
spring season, wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair, black eyes",
           "n_prompt": "badhandv4, easynegative, ng_deepnegative_v1_75t, verybadimagenegative_v1.3, bad-artist, \
bad_prompt_version2-neg, teeth",
           "motion_module": "mm_sd_v14", "guidance_scale": 7.5}}"""
