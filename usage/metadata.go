package usage

// firstValue returns the value of the first of the keys that has one.
func firstValue(metadata map[string]string, keys []string) string {
	for _, key := range keys {
		if value := metadata[key]; hasValue(value) {
			return value
		}
	}
	return ""
}

// hasValue reports whether metadata says something: Ceilometer stores the text
// of Python's None for null.
func hasValue(text string) bool { return text != "" && text != "None" }

// nameServices gives each tenant's volume the service that its last sample
// names. There is one volume for a tenant, so their order stays.
func nameServices(volumes []Volume, samples []Sample, service func(*Sample) string) {
	for i := range volumes {
		for at := len(samples) - 1; at >= 0; at-- {
			if s := &samples[at]; s.Tenant == volumes[i].Tenant {
				volumes[i].Service = service(s)
				break
			}
		}
	}
}

// or returns the list, or what stands for an empty one.
func or(list []string, usual ...string) []string {
	if len(list) == 0 {
		return usual
	}
	return list
}
