package cfn

import "strings"

// checkDynamic refuses resolved properties with dynamic references, which
// CloudFormation would replace by what Systems Manager and Secrets Manager have.
func checkDynamic(v any) error {
	switch v := v.(type) {
	case string:
		if _, reference, found := strings.Cut(v, "{{resolve:"); found {
			reference, _, _ = strings.Cut(reference, "}}")
			return invalid("The dynamic reference {{resolve:%s}} is not simulated", reference)
		}
	case map[string]any:
		for _, member := range v {
			if err := checkDynamic(member); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range v {
			if err := checkDynamic(element); err != nil {
				return err
			}
		}
	}
	return nil
}
