-- A revision is healthy when its CloudFormation stack is as spec.stackState
-- asks, which may be Absent. Whether it serves is up to its deployment.
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
  hs.status = "Degraded"
elseif is("Ready") then
  hs.status = "Healthy"
else
  hs.status = "Progressing"
end
return hs
