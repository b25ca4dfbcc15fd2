# No provider: this module plans, validates and tests without downloading anything.
terraform {
  required_version = ">= 1.11, < 2.0"
}
