package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// bindKubeconfig adds the flags that kubectl has to choose and reach a cluster. The
// help lists the usual ones.
func (t *tool) bindKubeconfig(flags *pflag.FlagSet) {
	flags.StringVar(&t.kubeconfig, "kubeconfig", "", "path of the kubeconfig")
	clientcmd.BindOverrideFlags(&t.overrides, flags, clientcmd.RecommendedConfigOverrideFlags(""))
	usage := map[string]string{"kubeconfig": "path of the kubeconfig", "context": "context of the kubeconfig", "namespace": "namespace of the deployment"}
	flags.VisitAll(func(f *pflag.Flag) {
		text, usual := usage[f.Name]
		f.Hidden = !usual
		if usual {
			f.Usage = text
		}
	})
}

// cluster is a connection to a namespace of a cluster.
type cluster struct {
	client    client.Client
	config    *rest.Config
	namespace string
	// context of the kubeconfig, for messages.
	context string
}

var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	_, _ = clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s) // fails for programming errors only
	return s
}()

// mapper knows the few kinds that are used. To ask the server would take a call
// for each group that it has.
var mapper = func() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion, corev1.SchemeGroupVersion})
	for _, kind := range []schema.GroupVersionKind{
		v1alpha1.GroupVersion.WithKind("ImmutableDeployment"), v1alpha1.GroupVersion.WithKind("ImmutableRevision"), corev1.SchemeGroupVersion.WithKind("Event"),
	} {
		m.Add(kind, meta.RESTScopeNamespace)
		kind.Kind += "List"
		m.Add(kind, meta.RESTScopeNamespace)
	}
	return m
}()

// connect reads the kubeconfig. It doesn't call the cluster yet.
func (t *tool) connect() (*cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = t.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &t.overrides)
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: name a kubeconfig by --kubeconfig or KUBECONFIG, and one of its contexts by --context", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, err
	}
	name := raw.CurrentContext
	if t.overrides.CurrentContext != "" {
		name = t.overrides.CurrentContext
	}
	return &cluster{client: c, config: config, namespace: namespace, context: name}, nil
}

// deployment reads an ImmutableDeployment.
func (c *cluster) deployment(ctx context.Context, name string) (*v1alpha1.ImmutableDeployment, error) {
	imd := &v1alpha1.ImmutableDeployment{}
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, imd); err != nil {
		return nil, c.explain(ctx, name, err)
	}
	return imd, nil
}

// revisions reads those of an ImmutableDeployment, in the order of their numbers.
func (c *cluster) revisions(ctx context.Context, of string) ([]v1alpha1.ImmutableRevision, error) {
	var list v1alpha1.ImmutableRevisionList
	if err := c.client.List(ctx, &list, client.InNamespace(c.namespace), client.MatchingLabels{v1alpha1.LabelDeployment: of}); err != nil {
		return nil, c.explain(ctx, of, err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.ImmutableRevision) int { return int(a.Spec.Revision - b.Spec.Revision) })
	return list.Items, nil
}

// explain says what to do about an error of the API server.
func (c *cluster) explain(ctx context.Context, name string, err error) error {
	switch {
	case apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) && apierrors.IsNotFound(err):
		return fmt.Errorf("the cluster of the context %q does not know ImmutableDeployments: install Viridian in it, or choose another one by --context", c.context)
	case apierrors.IsNotFound(err):
		return c.notFound(ctx, name)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%w. The ClusterRole view lets people look, and edit lets them steer: "+
			"have it bound to you in the namespace %s", err, c.namespace)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("the cluster of the context %q does not take your credentials: log in again (%w)", c.context, err)
	}
	return err
}

// notFound says which ImmutableDeployments there are instead, if that is known.
func (c *cluster) notFound(ctx context.Context, name string) error {
	text := fmt.Sprintf("there is no ImmutableDeployment %q in the namespace %q", name, c.namespace)
	names, err := c.names(ctx)
	switch {
	case err != nil:
	case len(names) == 0:
		text += ", nor any other: choose another namespace by -n"
	default:
		text += fmt.Sprintf("; there are %s", strings.Join(names, ", "))
	}
	return fmt.Errorf("%s", text)
}

// names of the ImmutableDeployments of the namespace.
func (c *cluster) names(ctx context.Context) ([]string, error) {
	var list v1alpha1.ImmutableDeploymentList
	if err := c.client.List(ctx, &list, client.InNamespace(c.namespace)); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(list.Items))
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names, nil
}

// oneName takes the name of an ImmutableDeployment as the only argument. The kind
// before it, as kubectl takes it, is left out.
func oneName(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("name an ImmutableDeployment: kubectl get imd lists them")
	case len(args) > 1:
		return fmt.Errorf("name one ImmutableDeployment, not %d: %s", len(args), strings.Join(args, " "))
	case strings.Contains(args[0], "/"):
		return fmt.Errorf("name the ImmutableDeployment alone, without its kind or namespace: %s is not a name", args[0])
	}
	return nil
}

// completeName completes the name of an ImmutableDeployment.
func (t *tool) completeName(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := t.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, err := c.names(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
