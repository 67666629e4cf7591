-- A retry names the rollout that failed. If others deleted the production rule, or
-- what serves while no rollout has failed, it names the revision that served, and
-- differs from the value that was answered last: as blockedBy.remedy has it.
local status = obj.status
local rollout = status.rollout
local blocked = status.blockedBy
local value = rollout and rollout.id
local failed = rollout ~= nil and rollout.finishedAt ~= nil
  and (rollout.outcome == "RolledBack" or rollout.outcome == "Aborted" or rollout.outcome == "Failed")

if status.phase == "Unavailable" and blocked ~= nil
  and (blocked.reason == "RouteDrifted" or blocked.reason == "StackChanged" and not failed) then
  local served = status.stable or 0
  if served == 0 then
    served = rollout.revision
  end
  value = obj.metadata.name .. "-" .. served
  if status.handled ~= nil and status.handled.retry == value then
    value = value .. "/again"
  end
end

obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["viridian.dev/retry"] = value
return obj
