package ecr

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

const (
	repositoryPattern = `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`
	registryPattern   = `[0-9]{12}`
)

var (
	repositoryName = regexp.MustCompile(`^` + repositoryPattern + `$`)
	registryID     = regexp.MustCompile(`^` + registryPattern + `$`)
)

// maxIDs is how many images or repositories a request may name.
const maxIDs = 100

// maxTag is the length of an image's tag.
const maxTag = 300

func checkName(member, name string) error {
	switch {
	case name == "":
		return invalidMember(member, "Member must not be null")
	case len(name) < 2 || len(name) > 256:
		return invalidMember(member, "Member must have length between 2 and 256")
	case !repositoryName.MatchString(name):
		return invalidMember(member, "must satisfy regular expression '"+repositoryPattern+"'")
	default:
		return nil
	}
}

// checkRegistry refuses what is no account ID; an empty registry is the
// account's own.
func checkRegistry(registry string) error {
	if registry != "" && !registryID.MatchString(registry) {
		return invalidMember("registryId", "must satisfy regular expression '"+registryPattern+"'")
	}
	return nil
}

// checkOwn refuses the registries of others.
func (s *Service) checkOwn(registry string) error {
	if err := checkRegistry(registry); err != nil {
		return err
	}
	if registry != "" && registry != s.world.Account {
		return invalid("Registries of other accounts are not simulated")
	}
	return nil
}

// check refuses an image ID that no image can have.
func (id imageID) check(member string) error {
	if utf8.RuneCountInString(id.ImageTag) > maxTag {
		return invalidMember(member+".imageTag", fmt.Sprintf("Member must have length between 1 and %d", maxTag))
	}
	return nil
}

// check refuses what the API's model does, before anything is looked for.
func (in describeImagesIn) check() error {
	if err := checkRegistry(in.RegistryID); err != nil {
		return err
	}
	if err := checkName("repositoryName", in.RepositoryName); err != nil {
		return err
	}
	if in.ImageIDs == nil {
		return nil
	}
	if len(in.ImageIDs) == 0 || len(in.ImageIDs) > maxIDs {
		return invalidMember("imageIds", fmt.Sprintf("Member must have length between 1 and %d", maxIDs))
	}
	if in.MaxResults != nil || in.NextToken != "" {
		return invalid("maxResults and nextToken cannot be used together with imageIds")
	}
	for i, id := range in.ImageIDs {
		if err := id.check(fmt.Sprintf("imageIds.%d.member", i+1)); err != nil {
			return err
		}
	}
	return nil
}

func (in scanFindingsIn) check() error {
	if in.ImageID == nil || *in.ImageID == (imageID{}) {
		return invalidMember("imageId", "Member must not be null")
	}
	for _, err := range []error{checkRegistry(in.RegistryID), checkName("repositoryName", in.RepositoryName), in.ImageID.check("imageId")} {
		if err != nil {
			return err
		}
	}
	return nil
}
