"""Every secret format of the proof, by name. Written from the vendors' public format facts, not from our rules."""

import formats_cloud
import formats_forges
import formats_material
import formats_models
import formats_services

FORMATS = (
    *formats_cloud.FORMATS, *formats_forges.FORMATS, *formats_services.FORMATS, *formats_models.FORMATS,
    *formats_material.FORMATS,
)
BY_NAME = {form.name: form for form in FORMATS}
assert len(BY_NAME) == len(FORMATS), "two formats have one name"
