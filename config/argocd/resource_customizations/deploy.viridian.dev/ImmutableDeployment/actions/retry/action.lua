obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["viridian.dev/retry"] = obj.status.rollout.id
return obj
