package main

const (
	patches   = "internal/template/patches.go"
	patchable = "internal/template/patchable.go"
)

// ofPatches are mistakes in what patches may change.
func ofPatches() []mutant {
	const kept = "TestPatchesKeepWhatIsLocked"
	return []mutant{
		{name: "apply patches without a look at what they change", unit: kept, file: patches, old: "	if at := patchable.change(\"\", before, after); at != \"\" {\n", new: "	if at := \"\"; at != \"\" {\n"},
		{name: "take what a patch adds to a list of containers", unit: "TestPatchesRefused", file: patchable, old: " || len(before) != len(after) {", new: " || len(before) > len(after) {"},
		{name: "let patches change all of an object of which they may change a part", unit: "TestPatchesRefused", file: patchable, old: "p.fields[key].change(at+\"/\"+key, valueOf(before, key), valueOf(after, key)); found != \"\" {", new: "p.fields[key].change(at+\"/\"+key, valueOf(before, key), valueOf(after, key)); found != \"\" && key != \"Tags\" {"},
		{name: "let patches bring in functions", unit: kept, file: patchable, old: "			if !known {\n				return at + \"/\" + key\n			}\n", new: "			if !known {\n				continue\n			}\n"},
		{name: "let a patch look at the preview rule", unit: "TestPatchesRefused", file: patches, old: "; !known || !exists {", new: "; false && !known || !exists {"},
		{name: "let a patch copy from another resource", unit: "TestPatchesRefused", file: patches, old: "if resourceIn(p.From) != resourceIn(p.Path) {", new: "if false {"},
		{name: "count indices from the end", unit: "TestPatchesRefused", file: patches, old: "options.SupportNegativeIndices = false", new: "options.SupportNegativeIndices = true"},
		{name: "build without the patches", unit: "TestPatchesInOrder", file: "internal/template/template.go", old: "	doc.Resources, err = patch(doc.Resources, in.Template.Patches)\n", new: "	_, err = patch(doc.Resources, in.Template.Patches)\n"},
		{name: "round numbers in patches", unit: "TestPatchesInOrder", file: patches, old: "	dec.UseNumber()\n", new: ""},
		{name: "name no patch that AWS refuses", unit: "TestExplain", file: "internal/template/ecs_source.go", old: " + explainPatches(t, resource)", new: ""},
		{name: "keep patches in the cache", unit: "TestSlimRevision", file: "controllers/cache.go", old: "frozen.Template.Volumes, frozen.Template.Patches = \"\", nil, nil, nil", new: "frozen.Template.Volumes = \"\", nil, nil"},
	}
}
