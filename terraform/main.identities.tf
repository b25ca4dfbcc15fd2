resource "azurerm_user_assigned_identity" "this" {
  for_each = toset(["cluster", "kubelet", "worker", "submitter", "keda"])

  name                = local.names["${each.key}_identity"]
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "this" {
  for_each = module.design.federated

  name                = "kubernetes"
  resource_group_name = azurerm_resource_group.this.name
  parent_id           = azurerm_user_assigned_identity.this[each.key].id
  issuer              = azurerm_kubernetes_cluster.this.oidc_issuer_url
  subject             = each.value
  audience            = ["api://AzureADTokenExchange"]
}

# Reads the queue and its counts. Whether it is enough for KEDA was not tried on Azure: see worker.keda_role.
resource "azurerm_role_definition" "queue_reader" {
  count = local.settings.worker.keda_role == "reader" ? 1 : 0

  name        = local.names.queue_reader_role
  scope       = azurerm_resource_group.this.id
  description = "Reads Service Bus queues and how many messages wait in them."

  permissions {
    actions = ["Microsoft.ServiceBus/namespaces/queues/read"]
  }

  assignable_scopes = [azurerm_resource_group.this.id]
}

locals {
  scopes = {
    queue            = azurerm_servicebus_queue.jobs.id
    jobs_container   = azurerm_storage_container.this["jobs"].id
    models_container = azurerm_storage_container.this["models"].id
    registry         = azurerm_container_registry.this.id
    nodes_subnet     = azurerm_subnet.nodes.id
    kubelet_identity = azurerm_user_assigned_identity.this["kubelet"].id
  }

  people = merge(
    { for name, person in local.settings.people.submitters : "submitters/${name}" => person },
    { for name, person in local.settings.people.operators : "operators/${name}" => person },
  )
}

resource "azurerm_role_assignment" "own" {
  for_each = module.design.own_roles

  scope                = local.scopes[each.value.scope]
  principal_id         = azurerm_user_assigned_identity.this[each.value.principal].principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = each.value.role == "queue_reader" ? null : each.value.role
  role_definition_id   = each.value.role == "queue_reader" ? azurerm_role_definition.queue_reader[0].role_definition_resource_id : null
  condition            = each.value.condition
  condition_version    = each.value.condition == null ? null : "2.0"
}

resource "azurerm_role_assignment" "people" {
  for_each = module.design.people_roles

  scope                = local.scopes[each.value.scope]
  principal_id         = local.people[each.value.principal].principal_id
  principal_type       = local.people[each.value.principal].principal_type
  role_definition_name = each.value.role
}
