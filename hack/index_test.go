package hack_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// index is a server with what setup-envtest reads: an index of archives with
// their checksums, and the archives.
type index struct {
	*httptest.Server
	// requests of the index and downloads of archives.
	requests, downloads atomic.Int32
}

// archive is one of an index.
type archive struct {
	// kubernetes and etcd are the versions of the programs in it.
	kubernetes, etcd string
	// platform is that of this machine unless it is set.
	platform string
	// spoilt archives differ from their checksum.
	spoilt bool
	// stalled ones never arrive as a whole.
	stalled bool
}

func (a *archive) name() string {
	platform := a.platform
	if platform == "" {
		platform = runtime.GOOS + "-" + runtime.GOARCH
	}
	return "envtest-" + a.kubernetes + "-" + platform + ".tar.gz"
}

// content has the programs where real archives have them.
func (a *archive) content(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	files := tar.NewWriter(zip)
	for name, line := range map[string]string{
		"kube-apiserver": "Kubernetes " + a.kubernetes,
		"kubectl":        "Client Version: " + a.kubernetes,
		"etcd":           "etcd Version: " + strings.TrimPrefix(a.etcd, "v"),
	} {
		text := script(line)
		err := files.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: "controller-tools/envtest/" + name, Mode: 0o755, Size: int64(len(text)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func newIndex(t *testing.T, archives ...archive) *index {
	t.Helper()
	x, mux := &index{}, http.NewServeMux()
	x.Server = httptest.NewServer(mux)
	t.Cleanup(x.Close)
	text := "releases:\n"
	for _, a := range archives {
		content := a.content(t)
		sum := sha512.Sum512(content)
		if a.spoilt {
			sum[0]++
		}
		text += fmt.Sprintf("  %s-%s:\n    %s:\n      hash: %s\n      selfLink: %s/%s\n",
			a.kubernetes, a.platform, a.name(), hex.EncodeToString(sum[:]), x.URL, a.name())
		mux.HandleFunc("/"+a.name(), func(w http.ResponseWriter, r *http.Request) {
			x.downloads.Add(1)
			if !a.stalled {
				_, _ = w.Write(content)
				return
			}
			_, _ = w.Write(content[:len(content)/2])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
	}
	mux.HandleFunc("/index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		x.requests.Add(1)
		_, _ = w.Write([]byte(text))
	})
	mux.HandleFunc("/silent/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	return x
}

// env has setup-envtest ask this index.
func (x *index) env(more ...string) []string {
	return append([]string{"TOOLS_INDEX=" + x.URL + "/index.yaml"}, more...)
}
