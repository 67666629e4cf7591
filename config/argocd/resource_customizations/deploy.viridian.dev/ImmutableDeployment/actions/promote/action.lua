-- Ends the current step, or gives the approval that a gate waits for. The
-- value names this rollout, so that it never acts on a later one.
local rollout = obj.status.rollout
local what = (rollout.step or 0) + 1
local approvals = {}
for _, gate in ipairs(obj.spec.gates or {}) do
  approvals[gate.name] = gate.approval ~= nil
end
for _, run in ipairs(rollout.gates or {}) do
  if run.state == "Running" and approvals[run.name] then
    what = run.name
    if run.step ~= nil and run.step > 0 then
      what = run.name .. "/" .. run.step
    end
  end
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["viridian.dev/promote"] = rollout.id .. "/" .. what
return obj
