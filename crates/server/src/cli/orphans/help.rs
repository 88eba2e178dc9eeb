//! How to have vCenter's key ids exported.

/// What `--help` says of it.
pub(super) const EXPORTS: &str = r#"The inventory names the keys that vCenter needs. PowerCLI, one line for each sort of them:

  $id = @{N='KeyId';E={$_.KeyId}}, @{N='ProviderId';E={$_.ProviderId.Id}}
  $vm = Get-View -ViewType VirtualMachine -Property Name,Config.KeyId,Config.Hardware.Device,Snapshot
  $keys  = $vm.Config.KeyId
  $keys += $vm.Config.Hardware.Device | % { $_.Backing.KeyId }
  $keys += (Get-View -ViewType HostSystem -Property Runtime.CryptoKeyId).Runtime.CryptoKeyId
  $keys | ? { $_ } | Select-Object $id | Export-Csv keys.csv -NoTypeInformation

vSAN keeps its keys elsewhere:

  Get-VsanView -Id VsanVcClusterConfigSystem-vsan-cluster-config-system |
    % { foreach ($c in Get-Cluster) { $_.VsanClusterGetConfig($c.ExtensionData.MoRef).DataEncryptionConfig } } |
    Select-Object KekId, HostKeyId, @{N='ProviderId';E={$_.KmsProviderId.Id}} | Export-Csv vsan.csv -NoTypeInformation

govc, VMs and hosts:

  govc find -json -type m | jq -r '.[]' | xargs -d '\n' govc object.collect -json -s ... config.keyId
  govc vm.info -json '*' > vms.json
  govc host.info -json '*' > hosts.json

Any of these files is taken as it is. Give all keys in one file: what it does not name is a candidate.
Snapshots, templates, VMs that are registered nowhere, backups and core dumps need keys that vCenter may not name.

Exit codes: 0 vCenter needs no key that is not here, 3 it does, 1 the comparison failed, 2 wrong usage.

  keystead key orphans --inventory keys.csv
  keystead key orphans --inventory keys.csv --json > orphans.json
  keystead key quarantine --from orphans.json --days 30"#;
