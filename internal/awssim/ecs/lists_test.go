package ecs

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestEmptyLists: AWS writes a list without elements as [], never as null,
// which no SDK's model allows.
func TestEmptyLists(t *testing.T) {
	st := newStage(t, Options{})
	st.must("CreateCluster", `{"clusterName":"shop"}`, nil)
	definition := st.define("web:1")
	network := `"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-a"]}}`
	for _, call := range []struct{ action, body string }{
		{"CreateCluster", `{"clusterName":"bare"}`},
		{"DescribeClusters", `{"clusters":["bare"]}`},
		{"DescribeClusters", `{"clusters":[]}`},
		{"ListClusters", `{}`},
		{"RegisterTaskDefinition", `{"family":"bare","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","containerDefinitions":[{"name":"app","image":"web:1"}]}`},
		{"DescribeTaskDefinition", `{"taskDefinition":"bare","include":["TAGS"]}`},
		{"ListServices", `{"cluster":"bare"}`},
		{"CreateService", `{"cluster":"shop","serviceName":"bare","desiredCount":0,"taskDefinition":"` + definition + `",` + network + `}`},
		{"DescribeServices", `{"cluster":"shop","services":["bare"],"include":["TAGS"]}`},
		{"ListTasks", `{"cluster":"shop","serviceName":"bare"}`},
		{"ListTasks", `{"cluster":"shop","desiredStatus":"STOPPED"}`},
		{"DescribeTasks", `{"cluster":"shop","tasks":["0123456789abcdef0123456789abcdef"]}`},
		{"UpdateService", `{"cluster":"shop","service":"bare","desiredCount":0}`},
		{"DeleteService", `{"cluster":"shop","service":"bare"}`},
	} {
		var out json.RawMessage
		st.must(call.action, call.body, &out)
		if strings.Contains(string(out), "null") {
			t.Errorf("%s %s: %s", call.action, call.body, out)
		}
	}
}
