package template

import "github.com/viridian-dev/viridian/api/v1alpha1"

// containerSettings are what few containers set.
type containerSettings struct {
	FirelensConfiguration *firelensConfiguration          `json:",omitempty"`
	Ulimits               []ulimit                        `json:",omitempty"`
	LinuxParameters       *linuxParameters                `json:",omitempty"`
	DockerLabels          map[string]v1alpha1.OptionValue `json:",omitempty"`
	SystemControls        []systemControl                 `json:",omitempty"`
	RestartPolicy         *restartPolicy                  `json:",omitempty"`
	RepositoryCredentials *repositoryCredentials          `json:",omitempty"`
	EnvironmentFiles      []environmentFile               `json:",omitempty"`
	Interactive           *bool                           `json:",omitempty"`
	PseudoTerminal        *bool                           `json:",omitempty"`
}

type ulimit struct {
	Name                 string
	SoftLimit, HardLimit *int32
}

type linuxParameters struct {
	InitProcessEnabled *bool               `json:",omitempty"`
	Capabilities       *kernelCapabilities `json:",omitempty"`
	Tmpfs              []tmpfs             `json:",omitempty"`
	linuxOfInstances
}

type kernelCapabilities struct {
	Add  []string `json:",omitempty"`
	Drop []string `json:",omitempty"`
}

type tmpfs struct {
	ContainerPath string
	Size          int32
	MountOptions  []string `json:",omitempty"`
}

type systemControl struct{ Namespace, Value string }

type restartPolicy struct {
	Enabled              *bool
	IgnoredExitCodes     []int32 `json:",omitempty"`
	RestartAttemptPeriod *int32  `json:",omitempty"`
}

type repositoryCredentials struct{ CredentialsParameter string }

type environmentFile struct{ Value, Type string }

func settings(t *v1alpha1.RevisionTemplate, c *v1alpha1.Container) containerSettings {
	s := containerSettings{
		LinuxParameters: linux(t, c.LinuxParameters),
		DockerLabels:    c.DockerLabels,
		Interactive:     c.Interactive,
		PseudoTerminal:  c.PseudoTerminal,
	}
	if c.FirelensConfiguration != nil {
		s.FirelensConfiguration = new(firelensConfiguration(*c.FirelensConfiguration))
	}
	for _, u := range c.Ulimits {
		s.Ulimits = append(s.Ulimits, ulimit(u))
	}
	for _, control := range c.SystemControls {
		s.SystemControls = append(s.SystemControls, systemControl(control))
	}
	if c.RestartPolicy != nil {
		s.RestartPolicy = new(restartPolicy(*c.RestartPolicy))
	}
	if c.RepositoryCredentials != nil {
		s.RepositoryCredentials = new(repositoryCredentials(*c.RepositoryCredentials))
	}
	for _, file := range c.EnvironmentFiles {
		s.EnvironmentFiles = append(s.EnvironmentFiles, environmentFile(file))
	}
	return s
}

func linux(t *v1alpha1.RevisionTemplate, p *v1alpha1.LinuxParameters) *linuxParameters {
	if p == nil {
		return nil
	}
	out := &linuxParameters{InitProcessEnabled: p.InitProcessEnabled, linuxOfInstances: linuxOnInstances(t, p)}
	if p.Capabilities != nil {
		out.Capabilities = new(kernelCapabilities(*p.Capabilities))
	}
	for _, m := range p.Tmpfs {
		out.Tmpfs = append(out.Tmpfs, tmpfs(m))
	}
	return out
}
