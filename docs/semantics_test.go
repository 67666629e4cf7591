package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// shown matches what the last column of semantics.md contains: a test with its
// package and perhaps a case, or a golden file.
var shown = regexp.MustCompile("`(?:([a-z0-9]+)\\.(Test[A-Za-z0-9]+)(?:/([^`]+))?|([a-z0-9-]+\\.golden))`")

// TestSemantics: every test that the page mentions exists.
func TestSemantics(t *testing.T) {
	tests, goldens := sources(t)
	rows := 0
	for line := range strings.Lines(read(t, "semantics.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 5 || strings.Contains(cells[1], "---") || strings.TrimSpace(cells[1]) == "Case" {
			continue
		}
		rows++
		last := cells[len(cells)-2]
		for word := range strings.SplitSeq(last, ", `") {
			if word = "`" + strings.Trim(word, " `") + "`"; !shown.MatchString(word) {
				t.Errorf("%s is no name of a test: %s", word, cells[1])
			}
		}
		for _, m := range shown.FindAllStringSubmatch(last, -1) {
			if golden := m[4]; golden != "" && !goldens[golden] {
				t.Errorf("%s doesn't exist", golden)
			} else if golden == "" && !has(tests[m[1]], m[2], m[3]) {
				t.Errorf("%s doesn't exist", m[0])
			}
		}
	}
	if rows < 80 {
		t.Errorf("%d rows: is the table still a table?", rows)
	}
}

// TestSecurity: every test that security.md names exists, and each row names one.
func TestSecurity(t *testing.T) {
	_, section, found := strings.Cut(read(t, "security.md"), "\n## How this is tested\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("security.md has no such section")
	}
	tests, _ := sources(t)
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 || strings.Contains(line, "---") || cells[0] == "| Who" {
			continue
		}
		rows++
		last := strings.TrimSuffix(cells[2], " |")
		for word := range strings.SplitSeq(last, ", `") {
			word = "`" + strings.Trim(word, " `") + "`"
			if m := shown.FindStringSubmatch(word); m == nil || !has(tests[m[1]], m[2], m[3]) {
				t.Errorf("%s: there is no test %s", cells[1], word)
			}
		}
	}
	if rows < 25 {
		t.Errorf("%d rows: is the table still a table?", rows)
	}
}

// has reports whether one of a package's test files holds the test and its
// case.
func has(files []string, test, name string) bool {
	for _, text := range files {
		if strings.Contains(text, "\nfunc "+test+"(t *testing.T)") && (name == "" || strings.Contains(text, strconv.Quote(name))) {
			return true
		}
	}
	return false
}

// sources returns the texts of the test files by the names of their
// directories, and the names of the golden files.
func sources(t *testing.T) (tests map[string][]string, goldens map[string]bool) {
	t.Helper()
	tests, goldens = map[string][]string{}, map[string]bool{}
	for _, root := range []string{"../api", "../cmd", "../config", "../controllers", "../internal", "../test"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			goldens[entry.Name()] = true
			if strings.HasSuffix(path, "_test.go") {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				in := filepath.Base(filepath.Dir(path))
				tests[in] = append(tests[in], string(text))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tests, goldens
}
