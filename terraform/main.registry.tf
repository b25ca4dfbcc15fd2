resource "azurerm_container_registry" "this" {
  #checkov:skip=CKV_AZURE_139:network.private shuts the public way; pulling needs an Entra token either way.
  #checkov:skip=CKV_AZURE_163:Scanning is Defender's, which is bought for a subscription and not by this stack.
  #checkov:skip=CKV_AZURE_164:Docker's content trust is being retired; images are deployed by digest.
  #checkov:skip=CKV_AZURE_165:One region computes, so one region pulls.
  #checkov:skip=CKV_AZURE_166:Quarantine needs a scanner that takes images out of it.
  #checkov:skip=CKV_AZURE_167:Old images are small beside a model, and one of them may be what a job was computed with.
  #checkov:skip=CKV_AZURE_233:Zone redundancy comes with Premium.
  #checkov:skip=CKV_AZURE_237:Dedicated data endpoints come with Premium; network.private makes one.
  name                          = local.names.registry
  resource_group_name           = azurerm_resource_group.this.name
  location                      = azurerm_resource_group.this.location
  sku                           = local.settings.registry_sku
  admin_enabled                 = false # no password opens it
  anonymous_pull_enabled        = false
  public_network_access_enabled = !local.settings.network.private
  zone_redundancy_enabled       = local.settings.registry_sku == "Premium"
  tags                          = var.tags
}
