obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["viridian.dev/promote"] = obj.status.rollout.id .. "/full"
return obj
