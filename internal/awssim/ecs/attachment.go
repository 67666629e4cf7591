package ecs

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
)

// derived are n hexadecimal digits that follow from a text. What only decorates
// an answer has its IDs from here: the world's random source decides what
// happens, and must not depend on who asks.
func derived(text string, n int) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:n]
}

// derivedUUID is an ID in UUID form that follows from a text.
func derivedUUID(text string) string {
	h := derived(text, 32)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// derivedName are n letters and digits that follow from a text.
func derivedName(text string, n int) string {
	sum := sha256.Sum256([]byte(text))
	return new(big.Int).SetBytes(sum[:]).Text(62)[:n]
}

// The states of a task's network interface.
const (
	interfacePrecreated = "PRECREATED"
	interfaceAttached   = "ATTACHED"
	interfaceDeleted    = "DELETED"
)

type attachment struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Status  string      `json:"status"`
	Details []nameValue `json:"details"`
}

func (t *task) attachmentID() string { return derivedUUID(t.id + "/interface") }

// attachments are the task's network interface, with an address once there is
// one.
func (t *task) attachments() []attachment {
	if !t.ownInterface() {
		return []attachment{}
	}
	a := attachment{
		ID: t.attachmentID(), Type: "ElasticNetworkInterface", Status: interfaceAttached,
		Details: []nameValue{{"subnetId", t.subnet.ID}},
	}
	switch t.status {
	case taskProvisioning:
		a.Status = interfacePrecreated
		return []attachment{a}
	case taskStopped:
		a.Status = interfaceDeleted
	}
	mac := derived(t.id+"/mac", 10)
	a.Details = append(a.Details,
		nameValue{"networkInterfaceId", "eni-" + derived(t.id, 17)},
		nameValue{"macAddress", "0e:" + strings.Join([]string{mac[:2], mac[2:4], mac[4:6], mac[6:8], mac[8:]}, ":")},
		nameValue{"privateIPv4Address", t.ip})
	return []attachment{a}
}

// digestOf is an image's digest: the one that it is named by, or one that
// follows from its name.
func digestOf(image string) string {
	if _, digest, found := strings.Cut(image, "@"); found {
		return digest
	}
	return "sha256:" + derived(image, 64)
}

// runtimeID is like Fargate's: the task's ID and a number.
func (t *task) runtimeID(container string) string {
	sum := sha256.Sum256([]byte(t.id + "/" + container))
	return fmt.Sprintf("%s-%010d", t.id, binary.BigEndian.Uint32(sum[:4]))
}
