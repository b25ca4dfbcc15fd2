# Runs against a mock: nothing is made, no account is needed. Ids have the provider's form, so that the provider, where it can be had, takes them too.
mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = {
      subscription_id = "00000000-0000-0000-0000-000000000001"
      tenant_id       = "00000000-0000-0000-0000-000000000002"
    }
  }

  mock_resource "azurerm_resource_group" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg" }
  }

  mock_resource "azurerm_virtual_network" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet" }
  }

  mock_resource "azurerm_subnet" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet" }
  }

  mock_resource "azurerm_network_security_group" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg" }
  }

  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
      client_id    = "00000000-0000-0000-0000-00000000000c"
      principal_id = "00000000-0000-0000-0000-00000000000d"
    }
  }

  mock_resource "azurerm_kubernetes_cluster" {
    defaults = {
      id              = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
      oidc_issuer_url = "https://oidc.example/issuer/"
    }
  }

  mock_resource "azurerm_servicebus_namespace" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ServiceBus/namespaces/sb" }
  }

  mock_resource "azurerm_servicebus_queue" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ServiceBus/namespaces/sb/queues/jobs" }
  }

  mock_resource "azurerm_storage_account" {
    defaults = {
      id                    = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
      primary_blob_endpoint = "https://st.blob.core.windows.net/"
    }
  }

  mock_resource "azurerm_storage_container" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/jobs" }
  }

  mock_resource "azurerm_container_registry" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/cr"
      login_server = "cr.azurecr.io"
    }
  }

  mock_resource "azurerm_private_dns_zone" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/zone" }
  }

  mock_resource "azurerm_role_definition" {
    defaults = { role_definition_resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000e" }
  }

  mock_resource "azurerm_log_analytics_workspace" {
    defaults = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log" }
  }
}

variables {
  location = "westeurope"
  image    = { digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000" }
}

run "nothing_is_opened_by_a_key" {
  assert {
    condition     = !azurerm_servicebus_namespace.this.local_auth_enabled && !azurerm_storage_account.this.shared_access_key_enabled && !azurerm_storage_account.this.local_user_enabled
    error_message = "Service Bus or the store takes keys."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled && !azurerm_container_registry.this.admin_enabled && !azurerm_container_registry.this.anonymous_pull_enabled
    error_message = "The cluster or the registry has an account of its own."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.oidc_issuer_enabled && azurerm_kubernetes_cluster.this.workload_identity_enabled
    error_message = "Pods could not prove who they are."
  }

  assert {
    condition     = !azurerm_storage_account.this.allow_nested_items_to_be_public && azurerm_storage_account.this.network_rules[0].default_action == "Deny" && alltrue([for container in azurerm_storage_container.this : container.container_access_type == "private"])
    error_message = "The store is open to everybody."
  }
}

run "queue_keeps_what_evicted_workers_held" {
  assert {
    condition     = azurerm_servicebus_queue.jobs.lock_duration == "PT5M" && azurerm_servicebus_queue.jobs.max_delivery_count == 50
    error_message = "Lock ${azurerm_servicebus_queue.jobs.lock_duration}, deliveries ${azurerm_servicebus_queue.jobs.max_delivery_count}"
  }

  assert {
    condition     = azurerm_servicebus_queue.jobs.requires_duplicate_detection && azurerm_servicebus_queue.jobs.dead_lettering_on_message_expiration
    error_message = "Messages could come twice or be lost."
  }
}

run "gpu_pool_begins_empty_on_spot_nodes" {
  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.gpu.min_count == 0 && azurerm_kubernetes_cluster_node_pool.gpu.auto_scaling_enabled && azurerm_kubernetes_cluster.this.workload_autoscaler_profile[0].keda_enabled
    error_message = "An empty queue would cost GPU nodes."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.gpu.priority == "Spot" && azurerm_kubernetes_cluster_node_pool.gpu.eviction_policy == "Delete" && length(azurerm_kubernetes_cluster_node_pool.gpu.upgrade_settings) == 0
    error_message = "The pool is not what a spot pool must be."
  }

  assert {
    condition     = contains(azurerm_kubernetes_cluster_node_pool.gpu.node_taints, "sku=gpu:NoSchedule") && contains(azurerm_kubernetes_cluster_node_pool.gpu.node_taints, "kubernetes.azure.com/scalesetpriority=spot:NoSchedule")
    error_message = "Taints: ${join(", ", azurerm_kubernetes_cluster_node_pool.gpu.node_taints)}"
  }
}

run "roles_reach_queue_and_containers_only" {
  assert {
    condition = alltrue([
      for role in azurerm_role_assignment.own : can(regex("/queues/|/containers/|/registries/|/subnets/|/userAssignedIdentities/", role.scope))
    ])
    error_message = "Scopes: ${join(", ", [for role in azurerm_role_assignment.own : role.scope])}"
  }

  assert {
    condition     = azurerm_role_assignment.own["worker-writes"].condition_version == "2.0" && azurerm_role_assignment.own["submitter-writes"].condition_version == null
    error_message = "Only the worker's writing is bound to a condition."
  }

  assert {
    condition     = azurerm_federated_identity_credential.this["worker"].subject == "system:serviceaccount:mixbatch:mixbatch" && azurerm_federated_identity_credential.this["worker"].issuer == azurerm_kubernetes_cluster.this.oidc_issuer_url
    error_message = "The worker's pods could not take their identity."
  }
}

run "public_stack_has_no_private_endpoints" {
  assert {
    condition     = length(azurerm_private_endpoint.this) == 0 && azurerm_servicebus_namespace.this.public_network_access_enabled && !azurerm_kubernetes_cluster.this.private_cluster_enabled
    error_message = "The stack is private without having been asked."
  }

  assert {
    condition     = length(azurerm_log_analytics_workspace.this) == 0 && length(azurerm_role_definition.queue_reader) == 0
    error_message = "Something was made that nobody asked for."
  }
}

run "private_stack_is_shut" {
  variables {
    network      = { private = true }
    queue        = { sku = "Premium" }
    registry_sku = "Premium"
    cluster      = { diagnostics = true }
    worker       = { keda_role = "reader" }
  }

  assert {
    condition     = !azurerm_servicebus_namespace.this.public_network_access_enabled && !azurerm_storage_account.this.public_network_access_enabled && !azurerm_container_registry.this.public_network_access_enabled && azurerm_kubernetes_cluster.this.private_cluster_enabled
    error_message = "A public way is open."
  }

  assert {
    condition     = toset(keys(azurerm_private_endpoint.this)) == toset(["queue", "store", "registry"]) && azurerm_private_dns_zone.this["queue"].name == "privatelink.servicebus.windows.net"
    error_message = "Endpoints: ${join(", ", keys(azurerm_private_endpoint.this))}"
  }

  assert {
    condition     = azurerm_role_assignment.own["keda-counts"].role_definition_name == null && azurerm_role_assignment.own["keda-counts"].role_definition_id == azurerm_role_definition.queue_reader[0].role_definition_resource_id
    error_message = "KEDA has a role by name."
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.capacity == 1 && length(azurerm_monitor_diagnostic_setting.this) == 2
    error_message = "Premium capacity or diagnostics are missing."
  }
}

run "regular_nodes_are_upgraded_with_a_surge" {
  variables {
    gpu_pool = { spot = false }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.gpu.priority == "Regular" && azurerm_kubernetes_cluster_node_pool.gpu.eviction_policy == null && azurerm_kubernetes_cluster_node_pool.gpu.upgrade_settings[0].max_surge == "1"
    error_message = "A regular pool has spot's settings."
  }
}

run "jobs_are_deleted_after_their_days" {
  variables {
    storage = { job_days = 60, cool_days = 0 }
  }

  assert {
    condition     = azurerm_storage_management_policy.this[0].rule[0].actions[0].base_blob[0].delete_after_days_since_modification_greater_than == 60 && azurerm_storage_management_policy.this[0].rule[0].actions[0].base_blob[0].tier_to_cool_after_days_since_modification_greater_than == null
    error_message = "The lifecycle rule says something else."
  }
}

run "values_for_the_chart_name_what_was_made" {
  assert {
    condition     = yamldecode(output.helm_values).identity.clientId == azurerm_user_assigned_identity.this["worker"].client_id
    error_message = output.helm_values
  }

  assert {
    condition     = startswith(output.queue_address, "sb://${azurerm_servicebus_namespace.this.name}.servicebus.windows.net/") && output.store_address == "https://st.blob.core.windows.net/jobs"
    error_message = "Addresses: ${output.queue_address}, ${output.store_address}"
  }
}
