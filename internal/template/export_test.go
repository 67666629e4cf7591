package template

// Instead are the fields that messages about patches name.
func Instead() map[string]map[string]string { return instead }
