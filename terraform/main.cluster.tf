resource "azurerm_kubernetes_cluster" "this" {
  #checkov:skip=CKV_AZURE_4:Logs go to a workspace where cluster.diagnostics asks for one; it costs by the gigabyte.
  #checkov:skip=CKV_AZURE_6:network.api_server_allowed_ranges narrows the API's callers; who applies from where is not known here. Entra decides who may do what.
  #checkov:skip=CKV_AZURE_115:network.private makes the cluster private; whoever applies must then be inside.
  #checkov:skip=CKV_AZURE_117:Disks are encrypted with the platform's keys, and at the host; own keys need a key vault that this stack does not make.
  #checkov:skip=CKV_AZURE_172:No secret store is installed: nothing in the cluster has a secret to fetch.
  name                      = local.names.cluster
  resource_group_name       = azurerm_resource_group.this.name
  location                  = azurerm_resource_group.this.location
  dns_prefix                = local.names.cluster
  kubernetes_version        = local.settings.cluster.kubernetes_version
  sku_tier                  = local.settings.cluster.sku_tier
  automatic_upgrade_channel = "patch"
  node_os_upgrade_channel   = "NodeImage"
  tags                      = var.tags

  # Pods prove who they are by tokens of their service accounts; there is no password, key or client secret.
  oidc_issuer_enabled       = true
  workload_identity_enabled = true

  local_account_disabled            = true
  role_based_access_control_enabled = true
  private_cluster_enabled           = local.settings.network.private
  run_command_enabled               = false
  azure_policy_enabled              = true
  image_cleaner_enabled             = true
  image_cleaner_interval_hours      = 168

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled     = true
    admin_group_object_ids = local.settings.cluster.admin_groups
  }

  dynamic "api_server_access_profile" {
    for_each = local.settings.network.private || length(local.settings.network.api_server_allowed_ranges) == 0 ? [] : [1]
    content {
      authorized_ip_ranges = local.settings.network.api_server_allowed_ranges
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this["cluster"].id]
  }

  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.this["kubelet"].client_id
    object_id                 = azurerm_user_assigned_identity.this["kubelet"].principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.this["kubelet"].id
  }

  # KEDA, DNS and the like; workers never run here.
  default_node_pool {
    name                         = local.names.system_pool
    vm_size                      = local.settings.cluster.system_vm_size
    auto_scaling_enabled         = true
    min_count                    = local.settings.cluster.system_min_nodes
    max_count                    = local.settings.cluster.system_max_nodes
    max_pods                     = 60
    only_critical_addons_enabled = true
    os_disk_type                 = "Ephemeral"
    host_encryption_enabled      = local.settings.cluster.host_encryption
    vnet_subnet_id               = azurerm_subnet.nodes.id
    zones                        = local.settings.cluster.zones
    temporary_name_for_rotation  = "systemtmp"

    upgrade_settings {
      max_surge = "33%"
    }
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium" # the chart's NetworkPolicy needs somebody who enforces it
    pod_cidr            = local.settings.network.pod_cidr
    service_cidr        = local.settings.network.service_cidr
    dns_service_ip      = local.settings.network.dns_service_ip
  }

  workload_autoscaler_profile {
    keda_enabled = true
  }

  # Models may be mounted from their container.
  storage_profile {
    blob_driver_enabled = true
  }

  auto_scaler_profile {
    expander                      = "least-waste"
    skip_nodes_with_local_storage = false # a worker's temporary folder must not keep an idle GPU node
    skip_nodes_with_system_pods   = true
    max_graceful_termination_sec  = tostring(max(600, local.settings.worker.grace_seconds))
  }

  dynamic "oms_agent" {
    for_each = azurerm_log_analytics_workspace.this
    content {
      log_analytics_workspace_id      = oms_agent.value.id
      msi_auth_for_monitoring_enabled = true
    }
  }

  lifecycle {
    ignore_changes = [default_node_pool[0].node_count] # the autoscaler's
  }

  depends_on = [azurerm_role_assignment.own]
}

resource "azurerm_kubernetes_cluster_node_pool" "gpu" {
  #checkov:skip=CKV_AZURE_168:One or few worker pods fit a GPU node; more places for pods would only hold addresses.
  name                    = local.names.gpu_pool
  kubernetes_cluster_id   = azurerm_kubernetes_cluster.this.id
  mode                    = "User"
  vm_size                 = local.settings.gpu_pool.vm_size
  gpu_driver              = local.settings.gpu_pool.gpu_driver
  os_disk_type            = local.settings.gpu_pool.os_disk_type
  os_disk_size_gb         = local.settings.gpu_pool.os_disk_size_gb
  vnet_subnet_id          = azurerm_subnet.nodes.id
  zones                   = local.settings.gpu_pool.zones
  host_encryption_enabled = local.settings.cluster.host_encryption
  max_pods                = 30
  tags                    = var.tags

  # KEDA alone only takes pods away. That their nodes go too, and none is paid for while the queue is empty, is the autoscaler's work.
  auto_scaling_enabled = true
  min_count            = 0
  max_count            = local.settings.gpu_pool.max_nodes
  scale_down_mode      = "Delete"

  priority        = module.design.gpu_pool.priority
  eviction_policy = module.design.gpu_pool.eviction_policy
  spot_max_price  = module.design.gpu_pool.spot_max_price
  node_labels     = module.design.gpu_pool.labels
  node_taints     = module.design.gpu_pool.taints

  # Spot pools take no surge: their upgrades replace nodes as they go.
  dynamic "upgrade_settings" {
    for_each = local.settings.gpu_pool.spot ? [] : [1]
    content {
      max_surge                = "1"
      drain_timeout_in_minutes = max(30, ceil(local.settings.worker.grace_seconds / 60))
    }
  }

  lifecycle {
    ignore_changes = [node_count] # the autoscaler's
  }
}
