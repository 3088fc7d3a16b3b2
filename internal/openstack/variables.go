package openstack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
)

// variables reads OS_* as the openstack command does, those of its older days
// included, as an entry of a clouds.yaml.
func variables(getenv func(string) string) clouds.Cloud {
	first := func(names ...string) string {
		i := slices.IndexFunc(names, func(name string) bool { return getenv(name) != "" })
		if i < 0 {
			return ""
		}
		return getenv(names[i])
	}
	fallback := getenv("OS_DEFAULT_DOMAIN")
	auth := &clouds.AuthInfo{
		AuthURL:                     getenv("OS_AUTH_URL"),
		Token:                       first("OS_TOKEN", "OS_AUTH_TOKEN"),
		Username:                    getenv("OS_USERNAME"),
		UserID:                      first("OS_USER_ID", "OS_USERID"),
		Password:                    getenv("OS_PASSWORD"),
		ApplicationCredentialID:     getenv("OS_APPLICATION_CREDENTIAL_ID"),
		ApplicationCredentialName:   getenv("OS_APPLICATION_CREDENTIAL_NAME"),
		ApplicationCredentialSecret: getenv("OS_APPLICATION_CREDENTIAL_SECRET"),
		SystemScope:                 getenv("OS_SYSTEM_SCOPE"),
		ProjectName:                 first("OS_PROJECT_NAME", "OS_TENANT_NAME"),
		ProjectID:                   first("OS_PROJECT_ID", "OS_TENANT_ID"),
		UserDomainID:                getenv("OS_USER_DOMAIN_ID"),
		UserDomainName:              getenv("OS_USER_DOMAIN_NAME"),
		ProjectDomainID:             getenv("OS_PROJECT_DOMAIN_ID"),
		ProjectDomainName:           getenv("OS_PROJECT_DOMAIN_NAME"),
		DomainID:                    getenv("OS_DOMAIN_ID"),
		DomainName:                  getenv("OS_DOMAIN_NAME"),
		TrustID:                     getenv("OS_TRUST_ID"),
	}
	if auth.UserDomainName == "" && auth.DomainID == "" && auth.DomainName == "" {
		auth.UserDomainID = cmp.Or(auth.UserDomainID, fallback)
	}
	if auth.ProjectDomainName == "" && auth.DomainID == "" && auth.DomainName == "" {
		auth.ProjectDomainID = cmp.Or(auth.ProjectDomainID, fallback)
	}
	cloud := clouds.Cloud{
		AuthInfo:       auth,
		CACertFile:     getenv("OS_CACERT"),
		ClientCertFile: getenv("OS_CERT"),
		ClientKeyFile:  getenv("OS_KEY"),
	}
	if yes := strings.ToLower(getenv("OS_INSECURE")); yes == "true" || yes == "1" || yes == "yes" {
		cloud.Verify = new(bool)
	}
	return cloud
}

// endpointType is the interface that OS_* choose.
func endpointType(getenv func(string) string) string {
	return cmp.Or(getenv("OS_INTERFACE"), getenv("OS_ENDPOINT_TYPE"))
}
