//! How to have vCenter's key ids exported.

/// What `--help` says of it.
pub(super) const EXPORTS: &str = r#"The inventory names the keys that vCenter needs. With PowerCLI, VMs, their disks, and hosts:

  $vms   = Get-View -ViewType VirtualMachine -Property Config.KeyId, Config.Hardware.Device
  $hosts = Get-View -ViewType HostSystem -Property Runtime.CryptoKeyId
  $keys  = @($vms.Config.KeyId) + @($vms.Config.Hardware.Device.Backing.KeyId) + @($hosts.Runtime.CryptoKeyId)
  $keys | Where-Object { $_ } |
    Select-Object KeyId, @{N='ProviderId';E={$_.ProviderId.Id}} | Export-Csv keys.csv -NoTypeInformation

vSAN keeps its keys elsewhere; add them to the same file:

  $vsan = Get-VsanView -Id VsanVcClusterConfigSystem-vsan-cluster-config-system
  Get-Cluster | ForEach-Object { $vsan.VsanClusterGetConfig($_.ExtensionData.MoRef).DataEncryptionConfig } |
    Where-Object { $_.KekId } | ForEach-Object { $p = $_.KmsProviderId.Id; $_.KekId, $_.HostKeyId |
      ForEach-Object { [pscustomobject]@{KeyId=$_; ProviderId=$p} } } | Export-Csv keys.csv -Append -NoTypeInformation

With govc, VMs and hosts, which jq puts into one file:

  govc vm.info -json '*' > vms.json; govc host.info -json '*' > hosts.json
  jq -s . vms.json hosts.json > keys.json

What the file does not name is a candidate, so give all keys in one. Snapshots, templates, VMs that are registered nowhere,
backups and core dumps need keys that vCenter may not name: put a candidate into quarantine before it is destroyed.

Exit codes: 0 vCenter needs no key that is not here, 3 it does, 1 the comparison failed, 2 wrong usage.

  keystead key orphans --inventory keys.csv
  keystead key orphans --inventory keys.csv --json > orphans.json
  keystead key quarantine --from orphans.json --days 30"#;
