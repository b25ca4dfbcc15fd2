variables {
  subscription_id = "00000000-0000-0000-0000-000000000001"
  name            = "mixbatch"
  location        = "westeurope"
  people = {
    submitters = { data-team = { principal_id = "11111111-1111-1111-1111-111111111111" } }
    operators  = { on-call = { principal_id = "22222222-2222-2222-2222-222222222222", principal_type = "User" } }
  }
}

run "each_role_reaches_one_thing_only" {
  command = plan

  assert {
    condition = alltrue([
      for role in merge(output.own_roles, output.people_roles) : contains(["queue", "jobs_container", "models_container", "registry", "nodes_subnet", "kubelet_identity"], role.scope)
    ])
    error_message = "A role reaches more than one queue, container, registry, subnet or identity."
  }

  assert {
    condition     = alltrue([for role in merge(output.own_roles, output.people_roles) : !contains(["Owner", "Contributor", "User Access Administrator"], role.role)])
    error_message = "A role may change resources or rights."
  }
}

run "worker_only_reads_models_and_deletes_checkpoints_only" {
  command = plan

  assert {
    condition     = [for role in output.own_roles : role.role if role.principal == "worker" && role.scope == "models_container"] == ["Storage Blob Data Reader"]
    error_message = "A worker may write models."
  }

  assert {
    condition     = alltrue([for role in output.own_roles : strcontains(coalesce(role.condition, "none"), "*/checkpoints/*") if role.principal == "worker" && role.scope == "jobs_container"])
    error_message = "A worker may delete what is committed."
  }

  assert {
    condition     = toset([for role in output.own_roles : role.role if role.principal == "worker" && role.scope == "queue"]) == toset(["Azure Service Bus Data Receiver", "Azure Service Bus Data Sender"])
    error_message = "A worker must receive shards and send them again for later, and may do no more with the queue."
  }
}

run "submitter_receives_nothing" {
  command = plan

  assert {
    condition     = alltrue([for role in merge(output.own_roles, output.people_roles) : !strcontains(role.role, "Receiver") && !strcontains(role.role, "Owner") if startswith(role.principal, "submitter")])
    error_message = "A submitter may take messages."
  }
}

run "keda_gets_the_narrow_role_where_asked" {
  command = plan

  variables {
    worker = { keda_role = "reader" }
  }

  assert {
    condition     = [for role in output.own_roles : role.role if role.principal == "keda"] == ["queue_reader"]
    error_message = "KEDA has another role than the one that reads queues."
  }
}

run "people_get_roles_by_name" {
  command = plan

  assert {
    condition     = length(output.people_roles) == 6 && output.people_roles["operator-on-call-receives"].scope == "queue"
    error_message = "Roles of people: ${join(", ", keys(output.people_roles))}"
  }
}

run "each_identity_takes_tokens_of_one_service_account" {
  command = plan

  assert {
    condition     = output.federated.worker == "system:serviceaccount:mixbatch:mixbatch" && output.federated.keda == "system:serviceaccount:kube-system:keda-operator"
    error_message = "Federated: ${jsonencode(output.federated)}"
  }

  assert {
    condition     = length(distinct(values(output.federated))) == length(output.federated)
    error_message = "Two identities take tokens of one service account."
  }
}

run "submitter_and_worker_in_one_account_are_refused" {
  command = plan

  variables {
    worker = { service_account = "same", submitter_service_account = "same" }
  }

  expect_failures = [terraform_data.rules]
}
