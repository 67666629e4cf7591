package gate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/hook"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/webhook"
)

// signingKey is the key in a webhook's Secret.
const signingKey = "hmac-key"

// pathOf is a webhook's URL without what may be secret in it. As part of what is
// signed, it tells a receiver that the request was meant for it.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// post is an HTTPS webhook, called in the background.
type post struct {
	inBackground
	poster  Poster
	secrets client.Reader
	spec    *v1alpha1.WebhookGate
}

// Start posts the question. An address that can't be reached has said no.
func (p *post) Start(ctx context.Context, call Call, question hook.Question) error {
	question.Target = pathOf(p.spec.URL)
	body, err := encode(question.Gate, question)
	if err != nil {
		return err
	}
	key, err := p.key(ctx, call.Namespace)
	if err != nil {
		return err
	}
	request := webhook.Request{URL: p.spec.URL, CABundle: p.spec.CABundle, Key: key, IdempotencyKey: question.IdempotencyKey, Body: body}
	p.ask(call, func(ctx context.Context) (rollout.Answer, error) {
		answer, err := p.poster.Post(ctx, request)
		if _, refused := errors.AsType[*webhook.RefusedError](err); err != nil && !refused {
			return hook.No(err.Error()), nil
		}
		if err != nil {
			return rollout.Answer{}, err
		}
		return hook.FromWebhook(answer.Status, answer.Body), nil
	})
	return nil
}

// key reads the key of the webhook's Secret; nil if it has none. The controller
// may read Secrets only where an administrator let it, and signs only for the
// hosts that the Secret names, if it names any: whoever may write deployments but
// not Secrets can't have requests signed for a server of his own.
func (p *post) key(ctx context.Context, namespace string) ([]byte, error) {
	name := p.spec.SecretName
	if name == "" {
		return nil, nil
	}
	var secret corev1.Secret
	err := p.secrets.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret)
	switch {
	case apierrors.IsForbidden(err):
		return nil, secretForbidden(namespace, name)
	case apierrors.IsNotFound(err):
		return nil, secretMissing(namespace, name)
	case err != nil:
		return nil, fmt.Errorf("read Secret %s: %w", name, err)
	}
	if hosts, restricted := secret.Annotations[v1alpha1.AnnotationWebhookHosts]; restricted {
		host := p.spec.Host()
		if named := func(h string) bool { return strings.EqualFold(h, host) }; !slices.ContainsFunc(ownership.SplitList(hosts), named) {
			return nil, secretOfOtherHosts(namespace, name, host, hosts)
		}
	}
	key, err := webhook.ParseKey(secret.Data[signingKey])
	if err != nil || len(key) == 0 {
		return nil, secretWithoutKey(name)
	}
	return key, nil
}
