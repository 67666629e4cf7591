-- What each condition means: docs/operations.md. Argo CD runs this without
-- Lua's standard libraries, so there is no string.format.
local hs = {}
local status = obj.status

if status == nil or status.observedGeneration ~= obj.metadata.generation then
  hs.status = "Progressing"
  hs.message = "Waiting for Viridian to see spec"
  return hs
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function is(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

hs.message = ""
if conditions.Ready ~= nil then
  hs.message = conditions.Ready.message
end

if obj.metadata.deletionTimestamp ~= nil then
  hs.status = "Progressing"
elseif is("Stalled") then
  -- Failed, rolled back, aborted, or blocked until someone changes something:
  -- the message has the remedy.
  hs.status = "Degraded"
elseif is("Reconciling") then
  hs.status = "Progressing"
  local blocked = status.blockedBy
  if blocked ~= nil and (blocked.reason == "Paused" or blocked.reason == "AwaitingApproval") then
    hs.status = "Suspended"
  end
elseif not is("Ready") then
  -- The rollout is over, and the new revision is no longer healthy.
  hs.status = "Degraded"
elseif is("Degraded") then
  hs.status = "Degraded"
  hs.message = conditions.Degraded.message
else
  hs.status = "Healthy"
end
return hs
