package v1alpha1

// Ulimit bounds a resource of a container's processes.
//
// +kubebuilder:validation:XValidation:rule="self.hardLimit == -1 || self.softLimit != -1 && self.softLimit <= self.hardLimit",message="softLimit of a ulimit may not be more than its hardLimit; -1 is unlimited"
type Ulimit struct {
	// name of the resource, such as nofile.
	// +required
	// +kubebuilder:validation:Enum=core;cpu;data;fsize;locks;memlock;msgqueue;nice;nofile;nproc;rss;rtprio;rttime;sigpending;stack
	Name string `json:"name,omitempty"`

	// softLimit that applies, in bytes, seconds or as a count; -1 is unlimited.
	// +required
	// +kubebuilder:validation:Minimum=-1
	SoftLimit *int32 `json:"softLimit,omitempty"`

	// hardLimit up to which a process may raise it.
	// +required
	// +kubebuilder:validation:Minimum=-1
	HardLimit *int32 `json:"hardLimit,omitempty"`
}

// LinuxParameters of a container.
//
// +kubebuilder:validation:XValidation:rule="!has(self.swappiness) || has(self.maxSwap)",message="linuxParameters.swappiness needs linuxParameters.maxSwap: add it, or leave swappiness out"
type LinuxParameters struct {
	// initProcessEnabled runs an init process in the container, which forwards
	// signals and reaps processes.
	// +optional
	InitProcessEnabled *bool `json:"initProcessEnabled,omitempty"`

	// capabilities of the kernel that the container gets or loses.
	// +optional
	Capabilities *KernelCapabilities `json:"capabilities,omitempty"`

	// tmpfs are file systems in memory.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=containerPath
	Tmpfs []Tmpfs `json:"tmpfs,omitempty"`

	// devices of the instance that the container may use. They go with launchType
	// EC2.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=hostPath
	Devices []Device `json:"devices,omitempty"`

	// sharedMemorySize of /dev/shm in MiB. It goes with launchType EC2.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=122880
	SharedMemorySize *int32 `json:"sharedMemorySize,omitempty"`

	// maxSwap is how many MiB the container may swap out; 0 is none. It goes with
	// launchType EC2.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1048576
	MaxSwap *int32 `json:"maxSwap,omitempty"`

	// swappiness from 0, to swap only where nothing else helps, to 100. It goes with
	// maxSwap.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Swappiness *int32 `json:"swappiness,omitempty"`
}

// KernelCapabilities are added to, or dropped from, those that containers have.
type KernelCapabilities struct {
	// add capabilities, or ALL. On Fargate it can only have SYS_PTRACE.
	// +optional
	// +kubebuilder:validation:MaxItems=39
	// +kubebuilder:validation:items:Enum=ALL;AUDIT_CONTROL;AUDIT_WRITE;BLOCK_SUSPEND;CHOWN;DAC_OVERRIDE;DAC_READ_SEARCH;FOWNER;FSETID;IPC_LOCK;IPC_OWNER;KILL;LEASE;LINUX_IMMUTABLE;MAC_ADMIN;MAC_OVERRIDE;MKNOD;NET_ADMIN;NET_BIND_SERVICE;NET_BROADCAST;NET_RAW;SETFCAP;SETGID;SETPCAP;SETUID;SYS_ADMIN;SYS_BOOT;SYS_CHROOT;SYS_MODULE;SYS_NICE;SYS_PACCT;SYS_PTRACE;SYS_RAWIO;SYS_RESOURCE;SYS_TIME;SYS_TTY_CONFIG;SYSLOG;WAKE_ALARM
	// +listType=set
	Add []string `json:"add,omitempty"`

	// drop capabilities, or ALL.
	// +optional
	// +kubebuilder:validation:MaxItems=39
	// +kubebuilder:validation:items:Enum=ALL;AUDIT_CONTROL;AUDIT_WRITE;BLOCK_SUSPEND;CHOWN;DAC_OVERRIDE;DAC_READ_SEARCH;FOWNER;FSETID;IPC_LOCK;IPC_OWNER;KILL;LEASE;LINUX_IMMUTABLE;MAC_ADMIN;MAC_OVERRIDE;MKNOD;NET_ADMIN;NET_BIND_SERVICE;NET_BROADCAST;NET_RAW;SETFCAP;SETGID;SETPCAP;SETUID;SYS_ADMIN;SYS_BOOT;SYS_CHROOT;SYS_MODULE;SYS_NICE;SYS_PACCT;SYS_PTRACE;SYS_RAWIO;SYS_RESOURCE;SYS_TIME;SYS_TTY_CONFIG;SYSLOG;WAKE_ALARM
	// +listType=set
	Drop []string `json:"drop,omitempty"`
}

// Tmpfs is a file system in memory. What it holds counts as the container's
// memory.
type Tmpfs struct {
	// containerPath where it is mounted.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="containerPath of a tmpfs is absolute: it begins with /"
	ContainerPath string `json:"containerPath,omitempty"`

	// size in MiB.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=122880
	Size int32 `json:"size,omitempty"`

	// mountOptions such as noexec.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=set
	MountOptions []string `json:"mountOptions,omitempty"`
}

// SystemControl sets a parameter of the kernel.
type SystemControl struct {
	// namespace is the parameter's name. It applies to all containers of the task
	// if it begins with net.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.startsWith('net.') || self.startsWith('fs.mqueue.') || self in ['kernel.msgmax','kernel.msgmnb','kernel.msgmni','kernel.sem','kernel.shmall','kernel.shmmax','kernel.shmmni','kernel.shm_rmid_forced']",message="namespace of systemControls begins with net. or fs.mqueue., or is one of kernel.msgmax, kernel.msgmnb, kernel.msgmni, kernel.sem, kernel.shmall, kernel.shmmax, kernel.shmmni and kernel.shm_rmid_forced: leave out other parameters, ECS doesn't set them"
	Namespace string `json:"namespace,omitempty"`

	// value of the parameter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Value string `json:"value,omitempty"`
}

// ContainerRestartPolicy says whether ECS starts a container again that exits,
// instead of replacing its task. What is restarted so stops no task: it doesn't
// count for spec.rollback.taskRestartLimit.
type ContainerRestartPolicy struct {
	// enabled turns it on.
	// +required
	Enabled *bool `json:"enabled,omitempty"`

	// ignoredExitCodes are exit codes after which the container isn't restarted.
	// +optional
	// +kubebuilder:validation:MaxItems=50
	// +listType=set
	IgnoredExitCodes []int32 `json:"ignoredExitCodes,omitempty"`

	// restartAttemptPeriod is how many seconds a container must have run to be
	// restarted; 300 if omitted.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=1800
	RestartAttemptPeriod *int32 `json:"restartAttemptPeriod,omitempty"`
}

// RepositoryCredentials are for a registry other than Amazon ECR.
type RepositoryCredentials struct {
	// credentialsParameter is the ARN of a Secrets Manager secret with username
	// and password.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$')",message="repositoryCredentials.credentialsParameter is the ARN of a secret, not its name: arn:aws:secretsmanager:<region>:<account>:secret:<name>"
	CredentialsParameter string `json:"credentialsParameter,omitempty"`
}

// EnvironmentFile is a file with environment variables, which ECS reads when a
// task starts: its contents aren't frozen with the revision.
type EnvironmentFile struct {
	// value is the ARN of an object in Amazon S3 whose name ends in .env.
	// +required
	// +kubebuilder:validation:MaxLength=1100
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:s3:::[A-Za-z0-9._-]+/.*[.]env$')",message="value of environmentFiles is the ARN of an object in Amazon S3 that ends in .env: arn:aws:s3:::<bucket>/<key>.env"
	Value string `json:"value,omitempty"`

	// type of the file: s3.
	// +required
	// +kubebuilder:validation:Enum=s3
	Type string `json:"type,omitempty"`
}

// HostEntry is a line of /etc/hosts.
type HostEntry struct {
	// hostname of the entry.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Hostname string `json:"hostname,omitempty"`

	// ipAddress of the entry.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	IPAddress string `json:"ipAddress,omitempty"`
}
