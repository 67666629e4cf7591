package v1alpha1

// LogConfiguration says where a container's output goes.
//
// +kubebuilder:validation:XValidation:rule="self.logDriver != 'awslogs' || !has(self.options) || self.options.all(k, k in ['awslogs-group','awslogs-region','awslogs-stream-prefix','awslogs-create-group','awslogs-datetime-format','awslogs-multiline-pattern','mode','max-buffer-size'])",message="logConfiguration.options of the driver awslogs are awslogs-group, awslogs-region, awslogs-stream-prefix, awslogs-create-group, awslogs-datetime-format, awslogs-multiline-pattern, mode and max-buffer-size: leave out others, ECS refuses them"
// +kubebuilder:validation:XValidation:rule="self.logDriver != 'awslogs' || !has(self.options) || !('awslogs-region' in self.options) || 'awslogs-group' in self.options",message="logConfiguration.options has an awslogs-region and no awslogs-group: leave out awslogs-region, since the log group of the stack is in the stack's region, or name a group of that region"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('awslogs-group' in self.options) || self.options['awslogs-group'].matches('^[A-Za-z0-9._/#-]{1,512}$')",message="awslogs-group of logConfiguration.options is the name of a log group, such as /ecs/shop, not its ARN; leave it out for a log group of the stack"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('awslogs-region' in self.options) || self.options['awslogs-region'].matches('^[a-z]{2}(-[a-z]{1,12}){1,3}-[0-9]$')",message="awslogs-region of logConfiguration.options is a region's code, such as eu-west-1"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('awslogs-stream-prefix' in self.options) || self.options['awslogs-stream-prefix'].matches('^[^:*]{1,256}$')",message="awslogs-stream-prefix of logConfiguration.options begins the names of log streams, with 1 to 256 characters, none of them : or *"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('awslogs-create-group' in self.options) || self.options['awslogs-create-group'] == 'true'",message="awslogs-create-group of logConfiguration.options is \"true\" or left out"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('awslogs-datetime-format' in self.options) || !('awslogs-multiline-pattern' in self.options)",message="logConfiguration.options can't have both awslogs-datetime-format and awslogs-multiline-pattern: leave one out"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('mode' in self.options) || self.options['mode'] in ['blocking','non-blocking']",message="mode of logConfiguration.options is blocking or non-blocking"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('max-buffer-size' in self.options) || self.options['max-buffer-size'].matches('^[0-9]{1,10}([.][0-9]{1,3})? ?([kmgtKMGT]i?)?[bB]?$')",message="max-buffer-size of logConfiguration.options is a number with a unit, such as 25m"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || !('max-buffer-size' in self.options) || !('mode' in self.options) || self.options['mode'] != 'blocking'",message="logConfiguration.options has a max-buffer-size and mode: blocking, which has no buffer: leave out max-buffer-size, or use mode: non-blocking"
// +kubebuilder:validation:XValidation:rule="self.logDriver != 'awslogs' || !has(self.secretOptions) || self.secretOptions.size() == 0",message="logConfiguration.secretOptions are for splunk and awsfirelens: give awslogs-group and other options of awslogs in options"
// +kubebuilder:validation:XValidation:rule="self.logDriver != 'splunk' || ['splunk-url', 'splunk-token'].all(o, has(self.options) && o in self.options || has(self.secretOptions) && self.secretOptions.exists(s, s.name == o))",message="logConfiguration with the driver splunk needs splunk-url in options and splunk-token in secretOptions"
type LogConfiguration struct {
	// logDriver is awslogs, splunk or awsfirelens, and with launchType EC2 also
	// fluentd, gelf, journald, json-file or syslog, which the instances have to
	// allow (ECS_AVAILABLE_LOGGING_DRIVERS).
	// +required
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self in ['awslogs','splunk','awsfirelens','fluentd','gelf','journald','json-file','syslog']",message="logConfiguration.logDriver is awslogs, splunk or awsfirelens, and with spec.template.launchType: EC2 also fluentd, gelf, journald, json-file or syslog"
	LogDriver string `json:"logDriver,omitempty"`

	// options of the driver. awslogs without awslogs-group logs to a log group of
	// the stack, in its region. awslogs-stream-prefix is the container's name
	// there, and the stack's in a group of others, if it is left out.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	Options map[string]OptionValue `json:"options,omitempty"`

	// secretOptions are options whose values ECS reads from Secrets Manager or
	// Systems Manager when a task starts.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	SecretOptions []Secret `json:"secretOptions,omitempty"`
}

// FirelensConfiguration makes a container the log router of its task: what
// containers with the log driver awsfirelens write goes through it.
type FirelensConfiguration struct {
	// type of the router.
	// +required
	// +kubebuilder:validation:Enum=fluentbit;fluentd
	Type string `json:"type,omitempty"`

	// options of the router, such as enable-ecs-log-metadata, config-file-type
	// and config-file-value.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Options map[string]OptionValue `json:"options,omitempty"`
}

// OptionValue is the value of an option or a label.
//
// +kubebuilder:validation:MaxLength=4096
type OptionValue string
