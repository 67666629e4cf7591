package ecr

import (
	"encoding/base64"
	"strings"
)

// pageSize is how many results one answer has at most.
func pageSize(maxResults *int) (int, error) {
	if maxResults == nil {
		return 100, nil
	}
	if *maxResults < 1 || *maxResults > 1000 {
		return 0, invalidMember("maxResults", "Member must have value between 1 and 1000")
	}
	return *maxResults, nil
}

// token hides where the next page of a list starts, so that nobody builds one.
func token(list, position string) string {
	return base64.StdEncoding.EncodeToString([]byte(list + "\n" + position))
}

// position is where the page of a token starts, "" for none.
func position(list, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	decoded, err := base64.StdEncoding.DecodeString(token)
	start, found := strings.CutPrefix(string(decoded), list+"\n")
	if err != nil || !found || start == "" {
		return "", invalidMember("nextToken", "Member must be a token of an earlier page")
	}
	return start, nil
}
