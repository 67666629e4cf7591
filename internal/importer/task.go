package importer

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// filledByECS are fields that describe-task-definition shows, and that say nothing
// that another field doesn't.
var filledByECS = []string{
	"family", "revision", "status", "taskDefinitionArn", "registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt",
	"requiresAttributes", "compatibilities", "requiresCompatibilities", "networkMode",
}

// task maps the task definition.
func (m *mapper) task() {
	task, t := m.app.task, &m.object.Spec.Template
	m.origins["spec.template"] = task
	m.untold(task)
	m.decode(task, t)
	m.placement()
	m.decode(task.object().put("containers", task.get("containerDefinitions")), t)
	for i, n := range task.get("containerDefinitions").list() {
		path := fmt.Sprintf("spec.template.containers[%d]", i)
		m.origins[path] = n
		if i < len(t.Containers) {
			m.container(n, &t.Containers[i])
		}
	}
	if t.LaunchType == v1alpha1.LaunchTypeEC2 {
		m.sizeOnInstances(task, t)
	} else {
		m.size(task, t)
	}
	t.ExecutionRoleARN = m.roleARN(task.get("executionRoleArn"))
	t.TaskRoleARN = m.roleARN(task.get("taskRoleArn"))
	if s := t.EphemeralStorage; s != nil && s.SizeInGiB <= 20 {
		t.EphemeralStorage = nil // what every task has
	}
	m.platform(task, t)
	ignore(task, filledByECS...)
}

func (m *mapper) platform(task *node, t *v1alpha1.RevisionTemplate) {
	if p := t.RuntimePlatform; p != nil && p.OperatingSystemFamily != "" && p.OperatingSystemFamily != "LINUX" {
		m.dropped(task.get("runtimePlatform", "operatingSystemFamily"), "tasks run on Linux only")
		p.OperatingSystemFamily = ""
	}
	if p := t.RuntimePlatform; p != nil && p.CPUArchitecture == "" {
		t.RuntimePlatform = nil
	}
}

// roleARN is a role's ARN, also where the input has only its name.
func (m *mapper) roleARN(n *node) string {
	role := strings.TrimSpace(m.value(n))
	if role == "" {
		return ""
	}
	if found := roleOfAnyone.FindStringSubmatch(role); found != nil {
		account := found[2]
		if !twelveDigits.MatchString(account) {
			account = m.accountFor(n)
		}
		return found[1] + account + ":role/" + found[3]
	}
	if roleName.MatchString(role) && !isPlaceholder(role) {
		return "arn:aws:iam::" + m.accountFor(n) + ":role/" + strings.TrimPrefix(role, "role/")
	}
	m.missing(n, "%s isn't a role's ARN", role)
	return "arn:aws:iam::" + cmp.Or(m.account, placeholderAccount) + ":role/" + placeholder
}

// accountFor is the account for an ARN that lacks it.
func (m *mapper) accountFor(n *node) string {
	if m.account == "" {
		m.missing(n, "the account of the ARN isn't known: give it by --account, or write it in")
		return placeholderAccount
	}
	if m.account != m.options.Account {
		m.assumed(n, "the account is %s, as elsewhere in the input", m.account)
	}
	return m.account
}

var (
	roleOfAnyone = regexp.MustCompile(`^(arn:aws[a-z-]*:iam::)([^:]*):role/([\w+=,.@/-]+)$`)
	twelveDigits = regexp.MustCompile(`^[0-9]{12}$`)
	roleName     = regexp.MustCompile(`^[\w+=,.@/-]+$`)
	withUnit     = regexp.MustCompile(`^([0-9.]+)\s*([a-z]*)$`)
)

// amount reads CPU and memory of a task in units and MiB; 0 if it can't.
func amount(text, unit string) int {
	found := withUnit.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if found == nil {
		return 0
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil || value > 1<<20 {
		return 0
	}
	switch found[2] {
	case unit:
		value *= 1024
	case "":
	default:
		return 0
	}
	return int(value)
}

// size makes CPU and memory of the task one of Fargate's sizes.
func (m *mapper) size(task *node, t *v1alpha1.RevisionTemplate) {
	cpuNode, memoryNode := task.get("cpu"), task.get("memory")
	cpu, memory := amount(t.CPU, "vcpu"), amount(t.Memory, "gb")
	wantCPU, wantMemory := cpu, memory
	for i := range t.Containers {
		c := &t.Containers[i]
		if cpu == 0 && c.CPU != nil {
			wantCPU += int(*c.CPU)
		}
		if memory == 0 {
			wantMemory += int(max(deref(c.Memory), deref(c.MemoryReservation)))
		}
	}
	fitCPU, fitMemory := fargateSize(wantCPU, wantMemory)
	t.CPU, t.Memory = strconv.Itoa(fitCPU), strconv.Itoa(fitMemory)
	if fitCPU == cpu && fitMemory == memory {
		return
	}
	at := cmp.Or(cpuNode, memoryNode, task)
	m.assumed(at, "cpu %s and memory %s, a size of Fargate, for what the input has (cpu %s, memory %s)",
		t.CPU, t.Memory, cmp.Or(cpuNode.str(), "not given"), cmp.Or(memoryNode.str(), "not given"))
}

func deref(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// sizes of Fargate: CPU units, and the memory that they take, in MiB.
var sizes = []struct{ cpu, least, most, step int }{
	{256, 512, 2048, 1024}, {512, 1024, 4096, 1024}, {1024, 2048, 8192, 1024}, {2048, 4096, 16384, 1024},
	{4096, 8192, 30720, 1024}, {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192},
}

// fargateSize is the smallest one with so much CPU and memory, or the largest.
func fargateSize(cpu, memory int) (int, int) {
	for _, s := range sizes {
		if s.cpu < cpu || s.most < memory {
			continue
		}
		if memory <= s.least {
			return s.cpu, s.least
		}
		// 0.5 GB is a size of its own; the others are multiples of the step.
		return s.cpu, (memory + s.step - 1) / s.step * s.step
	}
	last := sizes[len(sizes)-1]
	return last.cpu, last.most
}

// onInstances tells whether an input is for EC2: by the service if that says it,
// else by what the task definition is compatible with.
func (m *mapper) onInstances() bool {
	task := m.app.task
	if launch := m.app.service.get("launchType").str(); launch != "" && launch != placeholder {
		return launch != "FARGATE"
	}
	if providers := m.app.service.get("capacityProviderStrategy").list(); len(providers) > 0 {
		return !isFargate(providers[0].get("capacityProvider").str())
	}
	var compatible, fargate bool
	for _, n := range task.get("requiresCompatibilities").list() {
		compatible, fargate = true, fargate || strings.EqualFold(n.str(), "FARGATE")
	}
	if compatible {
		return !fargate
	}
	mode := task.get("networkMode")
	return mode.str() != "awsvpc" && (mode == nil || len(mode.open) == 0)
}

func isFargate(provider string) bool { return provider == "FARGATE" || provider == "FARGATE_SPOT" }
