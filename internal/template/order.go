package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// checkOrder rejects containers that wait for each other, which the API server's
// rules can't find: none of them would ever start. Whose volumes are mounted, and who
// is linked to, starts first, too.
func checkOrder(containers []v1alpha1.Container) error {
	waits := map[string][]v1alpha1.ContainerDependency{}
	for i := range containers {
		on := slices.Clone(containers[i].DependsOn)
		for _, from := range containers[i].VolumesFrom {
			on = append(on, v1alpha1.ContainerDependency{ContainerName: from.SourceContainer})
		}
		for _, link := range containers[i].Links {
			name, _, _ := strings.Cut(link, ":")
			on = append(on, v1alpha1.ContainerDependency{ContainerName: name})
		}
		waits[containers[i].Name] = on
	}
	done := map[string]bool{}
	for i := range containers {
		if circle := follow(containers[i].Name, waits, done, nil); circle != nil {
			return fmt.Errorf("spec.template.containers wait for each other by dependsOn, volumesFrom or links (%s): remove one of the dependencies",
				strings.Join(circle, " waits for "))
		}
	}
	return nil
}

// follow goes along the dependencies of a container, to which path led, and
// returns the circle that it finds.
func follow(name string, waits map[string][]v1alpha1.ContainerDependency, done map[string]bool, path []string) []string {
	for i, before := range path {
		if before == name {
			return append(path[i:len(path):len(path)], name)
		}
	}
	if done[name] {
		return nil
	}
	path = append(path, name)
	for _, on := range waits[name] {
		if circle := follow(on.ContainerName, waits, done, path); circle != nil {
			return circle
		}
	}
	done[name] = true
	return nil
}
