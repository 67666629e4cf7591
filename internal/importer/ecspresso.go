package importer

import (
	"path"
	"strings"
)

// References are the names of other files that a file of ecspresso names, relative to
// it. Whoever reads files gives them to Import, too.
func References(file File) []string {
	n, err := parse(file.Name, (&inputs{}).expand(file.Body))
	if err != nil || n.kind != object || !n.has("task_definition") && !n.has("service_definition") {
		return nil
	}
	var out []string
	for _, key := range []string{"service_definition", "task_definition"} {
		if name := n.get(key).str(); name != "" && !strings.HasPrefix(name, "<") {
			out = append(out, path.Join(path.Dir(file.Name), name))
		}
	}
	return out
}

// configure adds what ecspresso's configuration says of a service.
func (in *inputs) configure(a *app) {
	for _, config := range in.config {
		if region := config.get("region"); regionForm.MatchString(region.str()) {
			a.region, a.sets = region.str(), true
		}
		for _, key := range []string{"cluster", "service"} {
			n := config.get(key)
			if n == nil || a.service == nil {
				continue
			}
			to := key
			if key == "service" {
				to = "serviceName"
			}
			if !a.service.has(to) {
				a.service.put(to, n)
			}
		}
		ignore(config, "timeout", "plugins", "codedeploy", "appspec", "filter_command", "ignore", "required_version", "desired_count")
	}
}
