package cli

import "strings"

// A partition is a part of AWS with names of its own. These are the rules that AWS publishes
// for its SDKs; a test compares the two.
type partition struct {
	// prefix is what its regions begin with.
	prefix string
	// domain has its hosts; dualStack those that have addresses of IPv6 too.
	domain, dualStack string
	// IAM is one for all regions, and signed for this one.
	home string
	// iam are its hosts in domain, in domain with FIPS, in dualStack, and in dualStack with FIPS.
	iam [4]string
}

// partitions are those beside the usual one, which is last.
var partitions = []partition{
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-north-1", [4]string{"iam.cn-north-1", "iam-fips", "iam.global", "iam-fips"}},
	{"us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1", [4]string{"iam.us-gov", "iam.us-gov", "iam.us-gov", "iam.us-gov"}},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", [4]string{"iam.us-iso-east-1", "iam-fips.us-iso-east-1", "iam", "iam-fips"}},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", [4]string{"iam.us-isob-east-1", "iam-fips.us-isob-east-1", "iam", "iam-fips"}},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1", [4]string{"iam.eu-isoe-west-1", "iam-fips", "iam", "iam-fips"}},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1", [4]string{"iam.us-isof-south-1", "iam-fips", "iam", "iam-fips"}},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1", [4]string{"iam.eusc-de-east-1", "iam-fips", "iam.global", "iam-fips"}},
	{"", "amazonaws.com", "api.aws", "us-east-1", [4]string{"iam", "iam-fips", "iam.global", "iam-fips.global"}},
}

// ofAWS reports whether AWS has a service.
func ofAWS(service string) bool {
	return service == "cognito-identity" || service == "sts" || service == "iam"
}

// variants tell which of a service's addresses are meant.
type variants struct{ fips, dualStack bool }

// variants are those that the configuration asks for.
func (s *settings) variants() variants {
	on := func(variable, name string) bool { return strings.EqualFold(s.either(variable, name), "true") }
	return variants{
		fips:      on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
		dualStack: on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
	}
}

// address is where AWS has a service in a region, and the region to sign for.
func address(service, region string, v variants) (address, signed string) {
	var p partition
	for _, p = range partitions {
		if strings.HasPrefix(region, p.prefix) {
			break
		}
	}
	domain, host := p.domain, service
	if v.dualStack {
		domain = p.dualStack
	}
	if v.fips {
		host += "-fips"
	}
	government := p.prefix == "us-gov-"
	switch {
	case service == "iam":
		i := 0
		if v.fips {
			i++
		}
		if v.dualStack {
			i += 2
		}
		return "https://" + p.iam[i] + "." + domain, p.home
	case service == "sts" && region == "aws-global" && v == variants{}:
		return "https://sts.amazonaws.com", p.home
	case government && v == variants{fips: true} && (service == "sts" || service == "portal.sso"):
		// All of these are FIPS there.
		host = service
	case service == "cognito-identity" && p.prefix == "" && v.dualStack && (!v.fips || fipsRegion(region)):
		// These have IPv6 under the usual name.
		domain = p.domain
	}
	return "https://" + host + "." + region + "." + domain, region
}

// fipsRegion reports whether a region is one of those in the United States that have had FIPS
// addresses of identity pools first.
func fipsRegion(region string) bool {
	switch region {
	case "us-east-1", "us-east-2", "us-west-1", "us-west-2":
		return true
	}
	return false
}
