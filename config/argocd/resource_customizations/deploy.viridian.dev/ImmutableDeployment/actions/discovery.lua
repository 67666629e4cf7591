-- An action is enabled if Viridian would carry it out now: docs/control.md.
if obj.metadata.deletionTimestamp ~= nil then
  return {}
end

local status = obj.status or {}
local rollout = status.rollout
local paused = obj.spec.paused == true
local seen = status.observedGeneration == obj.metadata.generation

-- A rollout that isn't decided yet, and one that ended badly.
local open = seen and rollout ~= nil and rollout.finishedAt == nil and rollout.outcome == nil
local failed = seen and rollout ~= nil and rollout.finishedAt ~= nil
  and (rollout.outcome == "RolledBack" or rollout.outcome == "Aborted" or rollout.outcome == "Failed")

-- What others deleted and a retry makes anew: the production rule, or the stack
-- or the service of what served. A rule that is there isn't made anew.
local blocked = status.blockedBy
local lost = seen and status.phase == "Unavailable" and blocked ~= nil
  and (blocked.reason == "RouteDrifted" or blocked.reason == "StackChanged")

-- While the rollout is blocked, a promotion would only take effect later.
local stalled = false
for _, condition in ipairs(status.conditions or {}) do
  stalled = stalled or condition.type == "Stalled" and condition.status == "True"
end

local actions = {}
actions["promote"] = {
  ["disabled"] = not open or paused or stalled or rollout.verifiedAt == nil,
  ["displayName"] = "Promote: end or approve the step under way",
  ["iconClass"] = "fa fa-fw fa-step-forward",
}
actions["promote-full"] = {
  ["disabled"] = not open or paused or stalled or rollout.full == true,
  ["displayName"] = "Promote to 100 %: skip all steps",
  ["iconClass"] = "fa fa-fw fa-fast-forward",
}
actions["abort"] = {
  ["disabled"] = not open,
  ["displayName"] = "Abort: return traffic to the stable revision",
  ["iconClass"] = "fa fa-fw fa-undo",
}
actions["retry"] = {
  ["disabled"] = not failed and not lost,
  ["displayName"] = "Retry what failed or was aborted, or make anew what others deleted",
  ["iconClass"] = "fa fa-fw fa-redo",
}
actions["pause"] = {
  ["disabled"] = paused,
  ["displayName"] = "Pause: freeze rollouts",
  ["iconClass"] = "fa fa-fw fa-pause",
}
actions["resume"] = {
  ["disabled"] = not paused,
  ["displayName"] = "Resume",
  ["iconClass"] = "fa fa-fw fa-play",
}
return actions
