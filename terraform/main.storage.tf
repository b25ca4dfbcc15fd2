resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_33:There are no storage queues; jobs wait in Service Bus.
  #checkov:skip=CKV_AZURE_59:network.private shuts the public way; otherwise the rules below let in the nodes' subnet and network.allowed_ips only.
  #checkov:skip=CKV_AZURE_206:storage.replication is zone-redundant unless set; a second region doubles the price of what can be computed again.
  #checkov:skip=CKV2_AZURE_1:The platform's keys encrypt the blobs; own keys need a key vault that this stack does not make.
  #checkov:skip=CKV2_AZURE_33:network.private makes a private endpoint.
  #checkov:skip=CKV2_AZURE_41:Shared keys are off, so there is no SAS but one that Entra signs.
  name                              = local.names.storage
  resource_group_name               = azurerm_resource_group.this.name
  location                          = azurerm_resource_group.this.location
  account_tier                      = "Standard"
  account_replication_type          = local.settings.storage.replication
  shared_access_key_enabled         = false # no account key opens it, and no SAS made with one
  default_to_oauth_authentication   = true
  local_user_enabled                = false
  allow_nested_items_to_be_public   = false
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  public_network_access_enabled     = !local.settings.network.private
  cross_tenant_replication_enabled  = false
  allowed_copy_scope                = "AAD"
  infrastructure_encryption_enabled = true
  tags                              = var.tags

  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices"]
    ip_rules                   = local.settings.network.allowed_ips
    virtual_network_subnet_ids = local.settings.network.private ? [] : [azurerm_subnet.nodes.id]
  }

  # No versioning: shards' states are written over all the time, and conditional writes guard them.
  blob_properties {
    delete_retention_policy {
      days = local.settings.storage.soft_delete_days
    }

    container_delete_retention_policy {
      days = local.settings.storage.soft_delete_days
    }
  }
}

resource "azurerm_storage_container" "this" {
  #checkov:skip=CKV2_AZURE_21:Reads are what workers do all day; a diagnostic setting of your own may log them.
  for_each = { jobs = local.names.jobs_container, models = local.names.models_container }

  name                  = each.value
  storage_account_id    = azurerm_storage_account.this.id # made by the management plane, which needs no key
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  count              = length(module.design.lifecycle_rules) > 0 ? 1 : 0
  storage_account_id = azurerm_storage_account.this.id

  dynamic "rule" {
    for_each = module.design.lifecycle_rules
    content {
      name    = rule.key
      enabled = true

      filters {
        blob_types   = ["blockBlob"]
        prefix_match = rule.value.prefixes
      }

      actions {
        base_blob {
          tier_to_cool_after_days_since_modification_greater_than = rule.value.cool_days
          delete_after_days_since_modification_greater_than       = rule.value.delete_days
        }
      }
    }
  }
}
