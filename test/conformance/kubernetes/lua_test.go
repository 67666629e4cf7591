package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// customizations is the directory of the files for Argo CD, in the layout of
// its own resource_customizations.
var customizations = filepath.Join(root, "config", "argocd", "resource_customizations", "deploy.viridian.dev")

// health is Argo CD's assessment of an object.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

// action is an action of Argo CD.
type action struct {
	Name        string `json:"name"`
	Disabled    bool   `json:"disabled,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	IconClass   string `json:"iconClass,omitempty"`
}

// runLua runs a script as Argo CD runs one from argocd-cm: it has only Lua's
// libraries package, base and table, and the clock of os, and a time limit of
// one second.
func runLua(obj *unstructured.Unstructured, script string) ([]byte, error) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	l.SetContext(ctx)
	l.SetGlobal("actionParams", l.NewTable())
	l.SetGlobal("obj", decode(l, obj.Object))
	if err := l.DoString(script); err != nil {
		return nil, err
	}
	returned := l.Get(-1)
	if returned.Type() != lua.LTTable {
		return nil, fmt.Errorf("expect table output from Lua script, not %s", returned.Type())
	}
	return luajson.Encode(returned)
}

// decode converts a JSON value to a Lua value; integers become numbers, which
// are floating-point in Lua.
func decode(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		list := l.CreateTable(len(v), 0)
		for _, item := range v {
			list.Append(decode(l, item))
		}
		return list
	case map[string]any:
		table := l.CreateTable(0, len(v))
		for key, item := range v {
			table.RawSetH(lua.LString(key), decode(l, item))
		}
		return table
	}
	return lua.LNil
}

// healthOf runs health.lua of the object's kind.
func healthOf(obj *unstructured.Unstructured) (health, error) {
	var out health
	script, err := os.ReadFile(filepath.Join(customizations, obj.GetKind(), "health.lua"))
	if err != nil {
		return out, err
	}
	answer, err := runLua(obj, string(script))
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, err
	}
	switch out.Status {
	case "Progressing", "Healthy", "Degraded", "Suspended":
		return out, nil
	}
	return out, fmt.Errorf("argo CD knows no health %q", out.Status)
}

// discover runs discovery.lua of the object's kind.
func discover(obj *unstructured.Unstructured) (map[string]action, error) {
	script, err := os.ReadFile(filepath.Join(customizations, obj.GetKind(), "actions", "discovery.lua"))
	if err != nil {
		return nil, err
	}
	answer, err := runLua(obj, string(script))
	if err != nil || string(answer) == "[]" {
		return nil, err
	}
	out := map[string]action{}
	return out, json.Unmarshal(answer, &out)
}

// act runs an action and returns the object as Argo CD would change it.
func act(obj *unstructured.Unstructured, name string) (*unstructured.Unstructured, error) {
	actions, err := discover(obj)
	if err != nil {
		return nil, err
	}
	if a, ok := actions[name]; !ok || a.Disabled {
		return nil, errors.New("the action " + name + " is not enabled")
	}
	script, err := os.ReadFile(filepath.Join(customizations, obj.GetKind(), "actions", name, "action.lua"))
	if err != nil {
		return nil, err
	}
	answer, err := runLua(obj, string(script))
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(answer); err != nil {
		return nil, err
	}
	clean(out.Object, obj.Object)
	return out, nil
}

// clean turns empty lists back into maps if they were maps: Lua can't
// distinguish them, and Argo CD corrects this in the same way.
func clean(after, before any) {
	switch after := after.(type) {
	case map[string]any:
		was, _ := before.(map[string]any)
		for key, value := range after {
			if list, ok := value.([]any); ok && len(list) == 0 {
				if _, ok := was[key].(map[string]any); ok {
					after[key] = map[string]any{}
				}
				continue
			}
			clean(value, was[key])
		}
	case []any:
		was, _ := before.([]any)
		for i := range min(len(after), len(was)) {
			clean(after[i], was[i])
		}
	}
}
