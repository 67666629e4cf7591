package command

import "strings"

// PutParameter creates a parameter of Systems Manager, by its name or ARN, whose
// value people fill in.
func PutParameter(source, kind, regionName string) string {
	name := source
	if _, rest, isARN := strings.Cut(source, ":parameter/"); isARN {
		name = rest
		if strings.Contains(rest, "/") {
			name = "/" + rest // as names in a hierarchy begin
		}
	}
	return "aws ssm put-parameter --name " + word(name) + " --type " + kind + " --value …" + where(source, regionName)
}

// RestoreSecret takes back that a secret is deleted.
func RestoreSecret(secretARN string) string {
	return "aws secretsmanager restore-secret --secret-id " + word(secretARN) + region(secretARN)
}

// LabelSecretVersion gives a version of a secret a staging label, which keeps it.
func LabelSecretVersion(secretARN, version, label string) string {
	return "aws secretsmanager update-secret-version-stage --secret-id " + word(secretARN) + " --version-stage " + word(label) +
		" --move-to-version-id " + word(version) + region(secretARN)
}

// ListSecrets shows the ARNs of secrets whose names begin like that of a secret's
// ARN.
func ListSecrets(secretARN string) string {
	_, name, _ := strings.Cut(secretARN, ":secret:")
	if cut := strings.LastIndex(name, "-"); cut > 0 && len(name)-cut == 7 { // six characters that Secrets Manager adds
		name = name[:cut]
	}
	return "aws secretsmanager list-secrets --include-planned-deletion --filters Key=name,Values=" + word(name) + " --query 'SecretList[].[ARN,DeletedDate]'" + region(secretARN)
}

// where is the region of an ARN, or that of something named without one.
func where(source, regionName string) string {
	if at := region(source); at != "" {
		return at
	}
	return inRegion(regionName)
}
