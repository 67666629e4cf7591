package cloud

import "testing"

func TestParseDenial(t *testing.T) {
	const user = "User: arn:aws:sts::111122223333:assumed-role/viridian-shop/1700000000 is not authorized to perform: "
	tests := map[string]struct {
		message string
		want    Denial
	}{
		"role and action": {user + "ecs:CreateService", Denial{Role: "viridian-shop", Action: "ecs:CreateService"}},
		"resource": {
			user + "ecs:CreateService on resource: arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout because no identity-based policy allows the ecs:CreateService action",
			Denial{Role: "viridian-shop", Action: "ecs:CreateService", Resource: "arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout"},
		},
		"end of a sentence": {user + "iam:PassRole on resource: arn:aws:iam::111122223333:role/app.", Denial{Role: "viridian-shop", Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/app"}},
		"explicit":          {user + "ecs:CreateService with an explicit deny in a service control policy", Denial{Role: "viridian-shop", Action: "ecs:CreateService", Explicit: true}},
		"a user":            {"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: ecs:CreateService", Denial{Action: "ecs:CreateService"}},
		"nobody":            {"The caller is not authorized to perform: ecs:CreateService", Denial{Action: "ecs:CreateService"}},
		"other words":       {"Access Denied", Denial{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ParseDenial(tt.message); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
