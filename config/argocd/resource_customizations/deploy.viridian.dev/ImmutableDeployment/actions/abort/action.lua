obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["viridian.dev/abort"] = obj.status.rollout.id
return obj
