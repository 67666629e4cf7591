package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"
)

// templateMax is how many characters the containers may have in all, and
// bundleMax what the certificates of webhooks may.
const (
	templateMax = 51200
	bundleMax   = 65536
)

const templateTooLarge = "spec.template is larger than CloudFormation takes: environment, environmentFiles, secrets, command, entryPoint, healthCheck.command, image, workingDirectory, logConfiguration, firelensConfiguration, dockerLabels, systemControls, extraHosts, mountPoints and volumesFrom of all spec.template.containers, and spec.template.volumes, may have 51200 characters in all: shorten them, or have the application read what is long from a file, Amazon S3 or AWS Systems Manager"

// tooLarge are patches each part of which is within its own bounds, but not all
// together.
var tooLarge = map[string]refusal{
	"template": {filled("environment", templateMax+1), []string{"spec.template: Invalid value", templateTooLarge}},
	"queries": {metrics("max: '1', query: {expression: 'm0', metrics: [" + queries(10, 30, 200) + "]}"),
		[]string{"the queries of all spec.analysis.metrics may have 51200 characters in all: leave out metrics and dimensions, or have an alarm compute them and name it in spec.analysis.alarms"}},
	"certificates": {bundles(bundleMax/2, bundleMax/2+1),
		[]string{"the caBundle of all webhooks in spec.gates may have 65536 characters in all: keep the certificates of the authorities that issue the servers' own"}},
}

// filled fills a list of the only container so that all that counts of it has so
// many characters, and adds more fields.
func filled(what string, size int, more ...string) string {
	const chunk, image = 2000, "app:1"
	var items []string
	for left := size - len(image); left > 0; {
		n := min(chunk, left)
		if left -= n; left > 0 && left < 100 {
			n, left = n-100, left+100 // so that the last one isn't too short for its name
		}
		items = append(items, item(what, len(items), n))
	}
	if what == "healthCheck" {
		return containers("healthCheck: {command: [" + strings.Join(items, ", ") + "]}")
	}
	return containers(strings.Join(append(more, what+": ["+strings.Join(items, ", ")+"]"), ", "))
}

// item is the nth of a list, with so many characters.
func item(what string, n, size int) string {
	const parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/"
	fill := func(taken int) string { return strings.Repeat("a", size-taken) }
	name := fmt.Sprintf("N%03d", n)
	switch {
	case what == "environment":
		return fmt.Sprintf("{name: %s, value: %s}", name, fill(len(name)))
	case what == "secrets":
		return fmt.Sprintf("{name: %s, valueFrom: '%s%s'}", name, parameter, fill(len(name)+len(parameter)))
	case what == "healthCheck" && n == 0:
		return "CMD, " + fill(len("CMD"))
	}
	return fill(0)
}

// queries are so many metrics of so many dimensions with values of a size.
func queries(metrics, dimensions, size int) string {
	var out []string
	for m := range metrics {
		var of []string
		for d := range dimensions {
			of = append(of, fmt.Sprintf("{name: D%d, value: %s}", d, strings.Repeat("v", size)))
		}
		id := fmt.Sprintf("m%d", m)
		out = append(out, fmt.Sprintf("{id: %s, namespace: Shop, metricName: M, stat: Sum, dimensions: [%s]}", id, strings.Join(of, ", ")))
	}
	return strings.Join(out, ", ")
}

// bundles are webhooks with certificates of these sizes.
func bundles(sizes ...int) string {
	var out []string
	for i, size := range sizes {
		out = append(out, fmt.Sprintf("{name: g%d, at: BeforeTraffic, webhook: {url: 'https://example.com/', caBundle: %s}}", i, strings.Repeat("c", size)))
	}
	return "spec: {gates: [" + strings.Join(out, ", ") + "]}"
}

// What all parts may have together is a bound of its own: the object that each
// part alone allows would have some megabytes.
func TestSizeOfAll(t *testing.T) {
	for _, part := range []string{"environment", "secrets", "command", "entryPoint", "healthCheck"} {
		t.Run(part, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", filled(part, templateMax))); err != nil {
				t.Error(err)
			}
			refused(t, create(t, base(t, "deployment.yaml", filled(part, templateMax+1))), templateTooLarge)
		})
	}
	t.Run("volumes", func(t *testing.T) {
		const volumes, mounts, length = "volumes: [{name: tmp}]", "mountPoints: [{sourceVolume: tmp, containerPath: /tmp}]", len("tmp" + "tmp" + "/tmp")
		create := func(size int) error {
			return create(t, base(t, "deployment.yaml", filled("environment", size, mounts), template(volumes)))
		}
		if err := create(templateMax - length); err != nil {
			t.Error(err)
		}
		refused(t, create(templateMax-length+1), templateTooLarge)
	})
	for name, c := range tooLarge {
		t.Run(name+" too large", func(t *testing.T) { refused(t, create(t, base(t, "deployment.yaml", c.patch)), c.want...) })
	}
	for name, patch := range map[string]string{
		"queries":      metrics("max: '1', query: {expression: 'm0', metrics: [" + queries(10, 30, 150) + "]}"),
		"certificates": bundles(bundleMax/2, bundleMax/2),
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t, base(t, "deployment.yaml", patch)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Ten containers with a hundred variables each can have 1.2 MB, which no stack's
// template can. They are refused in either kind.
func TestMegabyte(t *testing.T) {
	var list []string
	for c := range 10 {
		var variables []string
		for v := range 100 {
			variables = append(variables, fmt.Sprintf("{name: V%d, value: %s}", v, strings.Repeat("x", 1200)))
		}
		list = append(list, fmt.Sprintf("{name: c%d, image: 'app:1', environment: [%s]}", c, strings.Join(variables, ", ")))
	}
	large := "containers: [" + strings.Join(list, ", ") + "]"
	refused(t, create(t, base(t, "deployment.yaml", "spec: "+asWorker, template(large))), "spec.template: Invalid value", templateTooLarge)
	refused(t, create(t, base(t, "revision.yaml", "spec: {frozen: {template: {"+large+"}}}")), "spec.frozen.template: Invalid value", templateTooLarge)
}
