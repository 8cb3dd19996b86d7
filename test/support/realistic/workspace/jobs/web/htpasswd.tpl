operator:{{getSecret "operator_hash"}}
