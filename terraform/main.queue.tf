resource "azurerm_servicebus_namespace" "this" {
  #checkov:skip=CKV_AZURE_199:Double encryption needs Premium and a key vault; messages hold names of blobs and no content.
  #checkov:skip=CKV_AZURE_201:The platform's keys encrypt the messages, which hold names of blobs and no content.
  #checkov:skip=CKV_AZURE_204:network.private shuts the public way. Standard has no other door; every caller needs an Entra token, and keys are off.
  name                          = local.names.service_bus
  resource_group_name           = azurerm_resource_group.this.name
  location                      = azurerm_resource_group.this.location
  sku                           = local.settings.queue.sku
  capacity                      = local.settings.queue.sku == "Premium" ? local.settings.queue.capacity : null
  premium_messaging_partitions  = local.settings.queue.sku == "Premium" ? 1 : null
  local_auth_enabled            = false # no connection string opens it
  minimum_tls_version           = "1.2"
  public_network_access_enabled = !local.settings.network.private
  tags                          = var.tags

  identity {
    type = "SystemAssigned"
  }

  dynamic "network_rule_set" {
    for_each = local.settings.queue.sku == "Premium" && !local.settings.network.private ? [1] : []
    content {
      default_action           = "Deny"
      trusted_services_allowed = true
      ip_rules                 = local.settings.network.allowed_ips

      network_rules {
        subnet_id = azurerm_subnet.nodes.id
      }
    }
  }
}

resource "azurerm_servicebus_queue" "jobs" {
  name         = local.names.queue
  namespace_id = azurerm_servicebus_namespace.this.id

  # Fixed when the queue is made. Five minutes is the longest lock there is; workers renew it.
  lock_duration                           = module.design.queue.lock_duration
  requires_duplicate_detection            = true
  duplicate_detection_history_time_window = module.design.queue.duplicate_detection_history_time_window

  max_delivery_count                   = module.design.queue.max_delivery_count
  default_message_ttl                  = module.design.queue.default_message_ttl
  dead_lettering_on_message_expiration = true # what waited too long is found, not lost
  max_size_in_megabytes                = module.design.queue.max_size_in_megabytes
}
