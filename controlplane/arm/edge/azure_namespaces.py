"""The namespaces of resource providers that Azure has, whether or not anything of them is simulated.

Facts: the page "Resource providers for Azure services" of Microsoft Learn, the namespaces that azure-cli and azurerm
use, and some that are known beside them. Whatever is missing here counts as a namespace that nobody has.
"""

from __future__ import annotations

_MICROSOFT = """
aad aadiam addons adhybridhealthservice advisor agfoodplatform alertsmanagement analysisservices anybuild apicenter
apimanagement app appassessment appconfiguration applicationmigration applink appplatform appsecurity attestation
authorization automanage automation autonomousdevelopmentplatform autonomoussystems avs awsconnector
azureactivedirectory azurearcdata azuredata azurefleet azurepercept azuresphere azurestack azurestackhci
backupsolutions batch batchai billing billingbenefits bing bingmaps blockchain blockchaintokens blueprint botservice
cache capacity carbon cdn certificateregistration changeanalysis changesafety chaos classiccompute
classicinfrastructuremigrate classicnetwork classicstorage classicsubscription cleanroom clouddeviceplatform
cloudhealth cloudtest codesigning cognitiveservices commerce communication compute computeschedule confidentialledger
confluent connectedcache connectedcredentials connectedvehicle connectedvmwarevsphere consumption containerinstance
containerregistry containerservice containerstorage costmanagement costmanagementexports customerlockbox
customproviders dashboard databasefleetmanager databasewatcher databox databoxedge databricks datacatalog datadog
datafactory datalakeanalytics datalakestore datamigration dataprotection datareplication datashare dbformariadb
dbformysql dbforpostgresql delegatednetwork dependencymap desktopvirtualization devcenter developerhub
deviceonboarding deviceregistry devices deviceupdate devopsinfrastructure devspaces devtestlab digitaltwins documentdb
domainregistration durabletask dynamicslcs edge edgeorder edgezones elastic elasticsan enterpriseknowledgegraph
eventgrid eventhub extendedlocation fabric fairfieldgardens features fileshares fluidrelay graphservices
guestconfiguration hanaonazure hardwaresecuritymodules hdinsight healthbot healthcareapis healthdataaiservices
healthmodel help horizondb hybridcloud hybridcompute hybridconnectivity hybridcontainerservice hybriddata
hybridnetwork hybridonboarding impact importexport insights integrationspaces intune iotcentral iotfirmwaredefense
iotoperations iotsecurity iotspaces keyvault kubernetes kubernetesconfiguration kubernetesruntime kusto labservices
loadtestservice logic machinelearning machinelearningservices maintenance managedidentity managednetwork
managednetworkfabric managedservices management manufacturingplatform maps marketplace marketplaceapps
marketplaceordering media messagingcatalog messagingconnectors microservices4spring migrate mixedreality mobilenetwork
mobilepacketcore modsimworkbench monitor mysqldiscovery netapp network networkanalytics networkcloud networkfunction
notebooks notificationhubs nutanix objectstore offazure offazurespringboot onlineexperimentation openenergyplatform
operationalinsights operationsmanagement oraclediscovery orbital ostcextensions partnermanagedconsumerrecurrence
peering pki playfab policyinsights portal powerbi powerbidedicated powerplatform professionalservice
programmableconnectivity projectbabylon providerhub purview quantum quota recommendationsservice recoveryservices
redhatopenshift relationships relay resourcebuilder resourceconnector resourcegraph resourcehealth
resourcenotification resourcenotifications resources saas saashub scheduler scvmm search secretsynccontroller security
securitycopilot securitydetonation securitydevops securityinsights sentinelplatformservices serialconsole servicebus
servicefabric servicelinker servicenetworking services serviceshub signalrservice singularity softwareplan solutions
sovereign sql sqlvirtualmachine standbypool storage storageactions storagecache storagediscovery storageinsights
storagemover storagepool storagesync storagetasks storsimple streamanalytics subscription supercomputerinfrastructure
support synapse syntheticsmonitor testbase token toolchainorchestrator usagebilling videoindexer virtualmachineimages
visualstudio vmware vmwarecloudsimple vnfmanager voiceservices vsonline web weightsandbiases windowsdefenderatp
windowsesu windowsiot workloadbuilder workloadmonitor workloads zerotrustsegmentation
"""
"""What follows `Microsoft.`, in lower case."""

_PARTNERS = """
arizeai.observabilityeval astronomer.astro commvault.contentstore dell.storage dynatrace.observability
informatica.datamanagement lambdatest.hyperexecute mongodb.atlas neon.postgres newrelic.observability nginx.nginxplus
oracle.database paloaltonetworks.cloudngfw pinecone.vectordb purestorage.block qumulo.storage sendgrid.email
solarwinds.observability wandisco.fusion
"""

NAMESPACES = frozenset((*(f"microsoft.{word}" for word in _MICROSOFT.split()), *_PARTNERS.split()))
"""In lower case."""


def exists(namespace: str) -> bool:
    """Whether Azure has a resource provider of this name."""
    return namespace.lower() in NAMESPACES
