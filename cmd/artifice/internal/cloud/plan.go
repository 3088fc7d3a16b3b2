package cloud

// The datacenters, as availability_zone in the samples' metadata.
const (
	porirua    = "nz-por-1"
	wellington = "nz-wlg-2"
)

// A tenantPlan says what a tenant has, and what becomes of it.
type tenantPlan struct {
	name      string
	instances []instancePlan
	volumes   []holdingPlan
	ips       []holdingPlan
}

type instancePlan struct {
	name       string
	datacenter string
	flavor     flavor
	life       life
}

type holdingPlan struct {
	name       string // of a volume; an IP has none
	datacenter string
	size       int64 // GB; an IP has none
	fate       fate
}

func plans() []tenantPlan {
	var (
		small  = flavor{id: "2", name: "m1.small", vcpus: "1", ram: "2048", disk: "20"}
		medium = flavor{id: "3", name: "m1.medium", vcpus: "2", ram: "4096", disk: "40"}
		large  = flavor{id: "4", name: "m1.large", vcpus: "4", ram: "8192", disk: "80"}
	)
	return []tenantPlan{{
		name: "kererū-brewing",
		instances: []instancePlan{
			{"taproom-web", porirua, small, rebooted},
			{"orders-db", porirua, large, steady},
			{"brew-monitor", porirua, small, resizedTo(medium)},
			{"recipe-lab", wellington, medium, stopped},
			{"old-shop", wellington, small, deleted},
		},
		volumes: []holdingPlan{
			{"orders-data", porirua, 200, kept},
			{"recipe-archive", wellington, 80, grown},
			{"old-shop-data", wellington, 40, removed},
		},
		ips: []holdingPlan{
			{datacenter: porirua, fate: kept},
			{datacenter: wellington, fate: kept},
			{datacenter: wellington, fate: removed},
		},
	}, {
		name: "Bright, Spark & Sons",
		instances: []instancePlan{
			{"ledger-app", wellington, medium, steady},
			{"ledger-db", wellington, large, rebooted},
			{"payroll", wellington, medium, resizedTo(large)},
			{"print-server", wellington, small, stopped},
			{"backup-runner", porirua, small, created},
		},
		volumes: []holdingPlan{
			{"ledger-data", wellington, 500, kept},
			{"backups", porirua, 250, added},
		},
		ips: []holdingPlan{
			{datacenter: wellington, fate: kept},
			{datacenter: porirua, fate: added},
		},
	}, {
		name: "tui-analytics",
		instances: []instancePlan{
			{"notebook", porirua, large, stopped},
			{"collector", porirua, small, steady},
			{"trial-cluster", porirua, large, deleted},
			{"dashboards", wellington, medium, created},
		},
		volumes: []holdingPlan{
			{"warehouse", porirua, 1000, grown},
			{"trial-data", porirua, 120, removed},
			{"dashboards-data", wellington, 30, added},
		},
		ips: []holdingPlan{
			{datacenter: porirua, fate: kept},
			{datacenter: wellington, fate: added},
		},
	}}
}
